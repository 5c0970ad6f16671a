// Puts `[hidden:<rule>:<digest>]` in place of what the rules found. The digest is keyed for each bundle: equal secrets
// stay recognisable inside one bundle, and nobody can test guesses without its key. A mask is never masked again, so
// redacting twice changes nothing.
import { createHmac } from "node:crypto";
import { SHADE, type Span } from "./span.ts";

const MASK = /\[hidden:[a-z0-9-]{1,24}:[0-9a-f]{8}\]/g;
const WORTH_HIDING = /[A-Za-z0-9\u0080-\uffff]/;

/** The text as rules see it: the same length, masks made opaque. */
export function shaded(text: string): string {
  return text.includes("[hidden:") ? text.replace(MASK, (mask) => SHADE.repeat(mask.length)) : text;
}

/** Overlapping stretches become one, named after the longest of them; in order. */
export function merged(spans: readonly Span[]): readonly Span[] {
  // The sort is stable: of equal stretches the rule that comes first names it.
  const sorted = spans.toSorted((a, b) => a.from - b.from || b.to - a.to);
  const whole: { from: number; to: number; longest: Span }[] = [];
  for (const span of sorted) {
    const last = whole.at(-1);
    const joins =
      last &&
      (span.from < last.to ||
        (span.from === last.to && span.secret !== undefined && span.secret === last.longest.secret));
    if (!last || !joins) {
      whole.push({ from: span.from, to: span.to, longest: span });
      continue;
    }
    last.to = Math.max(last.to, span.to);
    if (span.to - span.from > last.longest.to - last.longest.from) last.longest = span;
  }
  return whole.map(({ from, to, longest }) => ({
    from,
    to,
    rule: longest.rule,
    // Only a stretch that is the secret in one of its forms stands for it; more text around it is another secret.
    ...(longest.secret !== undefined ? { secret: longest.secret } : {}),
  }));
}

/** The parts of a stretch that are not masks yet. */
function unmasked(shade: string, text: string, span: Span): readonly Span[] {
  const parts: Span[] = [];
  for (let at = span.from; at < span.to;) {
    while (at < span.to && shade[at] === SHADE && text[at] !== SHADE) at++;
    const from = at;
    while (at < span.to && !(shade[at] === SHADE && text[at] !== SHADE)) at++;
    if (WORTH_HIDING.test(text.slice(from, at))) parts.push({ ...span, from, to: at });
  }
  return parts;
}

export interface Masking {
  readonly text: string;
  /** How often each rule hid something. */
  readonly counts: ReadonlyMap<string, number>;
}

type Digest = (secret: string) => string;

/** The same few secrets stand on line after line. */
const MAX_REMEMBERED = 1000;

function createDigest(key: Uint8Array): Digest {
  const remembered = new Map<string, string>();
  return (secret) => {
    const known = remembered.get(secret);
    if (known !== undefined) return known;
    const digest = createHmac("sha256", key).update(secret).digest("hex").slice(0, 8);
    if (remembered.size < MAX_REMEMBERED) remembered.set(secret, digest);
    return digest;
  };
}

interface Part {
  readonly text: string;
  readonly shade: string;
  readonly from: number;
  readonly to: number;
}

/** The text of a part with `spans` (merged) masked; counts go to `counts`. */
function maskOnce(
  part: Part,
  spans: readonly Span[],
  masking: { readonly digest: Digest; readonly counts: Map<string, number> },
): string {
  const { digest, counts } = masking;
  const pieces: string[] = [];
  let at = part.from;
  for (const span of spans.flatMap((one) => unmasked(part.shade, part.text, one))) {
    const from = Math.max(span.from, at);
    const to = Math.min(span.to, part.to);
    if (to <= from) continue;
    const secret = span.secret ?? part.text.slice(from, to);
    pieces.push(part.text.slice(at, from), `[hidden:${span.rule}:${digest(secret)}]`);
    counts.set(span.rule, (counts.get(span.rule) ?? 0) + 1);
    at = to;
  }
  pieces.push(part.text.slice(at, part.to));
  return pieces.join("");
}

export type Mask = (part: Part, spans: readonly Span[]) => Masking;

/** More rounds than any text needs. */
const MAX_ROUNDS = 8;

/** The masker of one bundle: masks a part of a text whose stretches are known, then what a mask laid bare, until nothing is left. */
export function createMasker(find: (shade: string) => readonly Span[], key: Uint8Array): Mask {
  const digest = createDigest(key);
  return (part: Part, spans: readonly Span[]): Masking => {
    const counts = new Map<string, number>();
    let text = maskOnce(part, spans, { digest, counts });
    // What stands beside a mask can look different from what stood beside the secret: a word may begin there now.
    for (
      let round = 1, before = part.text.slice(part.from, part.to);
      text !== before && round < MAX_ROUNDS;
      round++
    ) {
      before = text;
      const shade = shaded(text);
      text = maskOnce({ text, shade, from: 0, to: text.length }, find(shade), { digest, counts });
    }
    return { text, counts };
  };
}
