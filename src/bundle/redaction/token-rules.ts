// The rule `jwt` and the shapes that vendors document for their tokens: what is a secret whatever its key is called.
// Every pattern starts where a run of its characters starts, or has a fixed beginning that its run contains once.
import type { Rule, Span } from "./span.ts";

interface Shape {
  readonly rule: string;
  /** Text without any of these is not looked at. */
  readonly hints: readonly string[];
  readonly pattern: RegExp;
}

const SHAPES: readonly Shape[] = [
  // RFC 7519 3.1: three parts in base64url; a JSON object always begins with `eyJ` there.
  { rule: "jwt", hints: ["eyJ"], pattern: /(?<![\w-])eyJ[\w-]{8,}\.(?:eyJ)?[\w-]{4,}\.[\w-]{16,}/g },
  {
    rule: "aws",
    hints: ["AKIA", "ASIA", "ABIA", "ACCA"],
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  },
  { rule: "github", hints: ["gh"], pattern: /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{30,255}/g },
  { rule: "github", hints: ["github_pat_"], pattern: /(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{22,255}/g },
  {
    rule: "gitlab",
    hints: ["gl"],
    pattern: /(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{20,}/g,
  },
  { rule: "slack", hints: ["xox", "xapp-"], pattern: /(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}/g },
  {
    rule: "slack",
    hints: ["hooks.slack.com"],
    pattern: /(?<=hooks\.slack\.com\/[a-z]{1,20}\/)[\w/+-]{20,}/g,
  },
  {
    rule: "stripe",
    hints: ["k_live_", "k_test_"],
    pattern: /(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}/g,
  },
  { rule: "webhook", hints: ["whsec_"], pattern: /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/]{16,}={0,2}/g },
  { rule: "google", hints: ["AIza"], pattern: /(?<![\w-])AIza[\w-]{35}(?![\w-])/g },
  { rule: "google", hints: ["ya29.", "GOCSPX-"], pattern: /(?<![\w-])(?:ya29\.|GOCSPX-)[\w-]{20,}/g },
  { rule: "npm", hints: ["npm_"], pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/g },
  { rule: "pypi", hints: ["pypi-"], pattern: /(?<![\w-])pypi-[\w-]{50,}/g },
  { rule: "sendgrid", hints: ["SG."], pattern: /(?<![\w.-])SG\.[\w-]{16,32}\.[\w-]{32,64}/g },
  { rule: "openai", hints: ["sk-"], pattern: /(?<![\w-])sk-[\w-]{32,}/g },
  { rule: "vault", hints: ["hvs.", "hvb.", "hvr."], pattern: /(?<![\w.-])hv[sbr]\.[\w-]{24,}/g },
  { rule: "digitalocean", hints: ["_v1_"], pattern: /(?<![A-Za-z0-9])do[opr]_v1_[0-9a-f]{64}/g },
  { rule: "shopify", hints: ["shp"], pattern: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}/g },
  { rule: "docker", hints: ["dckr_"], pattern: /(?<![A-Za-z0-9])dckr_(?:pat|oat)_[\w-]{27,}/g },
  { rule: "grafana", hints: ["glsa_"], pattern: /(?<![A-Za-z0-9])glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}/g },
  { rule: "telegram", hints: [":AA"], pattern: /(?<![\w:.-])\d{8,10}:AA[\w-]{33}(?![\w-])/g },
  { rule: "age", hints: ["AGE-SECRET-KEY-1"], pattern: /AGE-SECRET-KEY-1[0-9A-Z]{58}/g },
];

function shapeRule({ rule, hints, pattern }: Shape): Rule {
  return (text) => {
    const spans: Span[] = [];
    if (!hints.some((hint) => text.includes(hint))) return spans;
    for (const match of text.matchAll(pattern))
      spans.push({ from: match.index, to: match.index + match[0].length, rule });
    return spans;
  };
}

export const tokenRules: readonly Rule[] = SHAPES.map(shapeRule);
