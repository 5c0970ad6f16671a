// The settings of incident records: which system a reference stands for, and what it takes to write there. Tokens are
// in files, never here.
import { z } from "zod";

const match = z.string();
const tokenFile = z.string().min(1);
const project = z.string().min(1).optional();
const channel = z.string().min(1).optional();

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** An address that a secret is sent to. */
const secretUrl = z.url().refine((text) => {
  if (!URL.canParse(text)) return true;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
}, "expected https://, for anybody on the way could read the token");

const File = z.strictObject({ match, type: z.literal("file"), path: z.string().startsWith("/").optional() });
const Webhook = z.strictObject({ match, type: z.literal("webhook"), url: z.url(), secretFile: z.string() });
const Jira = z.strictObject({
  match,
  type: z.literal("jira"),
  url: secretUrl,
  flavour: z.enum(["cloud", "datacenter"]).default("cloud"),
  user: z.string().min(1).optional(),
  tokenFile,
  internal: z.boolean().default(true),
});
const Rt = z.strictObject({ match, type: z.literal("rt"), url: secretUrl, tokenFile });
const Github = z.strictObject({
  match,
  type: z.literal("github"),
  url: secretUrl.default("https://api.github.com"),
  project,
  tokenFile,
});
const Gitlab = z.strictObject({
  match,
  type: z.literal("gitlab"),
  url: secretUrl,
  project,
  tokenFile,
  internal: z.boolean().default(true),
});
const Pagerduty = z.strictObject({
  match,
  type: z.literal("pagerduty"),
  url: secretUrl.default("https://api.pagerduty.com"),
  from: z.email(),
  tokenFile,
});
const Slack = z.strictObject({
  match,
  type: z.literal("slack"),
  url: secretUrl.default("https://slack.com/api"),
  channel,
  tokenFile,
});
const Mattermost = z.strictObject({
  match,
  type: z.literal("mattermost"),
  url: secretUrl,
  channel,
  tokenFile,
});
const Alertmanager = z
  .strictObject({
    match,
    type: z.literal("alertmanager"),
    url: z.url(),
    user: z.string().min(1).optional(),
    passwordFile: z.string().min(1).optional(),
  })
  .refine(({ url, passwordFile }) => passwordFile === undefined || secretUrl.safeParse(url).success, {
    path: ["url"],
    message: "expected https://, for anybody on the way could read the password",
  });
const Irc = z.strictObject({
  match,
  type: z.literal("irc"),
  host: z.string().regex(/^[A-Za-z0-9.:-]+$/, "expected a host name or an address"),
  port: z.int().min(1).max(65_535).default(6697),
  tls: z.boolean().default(true),
  nick: z
    .string()
    .regex(/^[A-Za-z[\]\\`_^{|}][\w[\]\\`^{|}-]{0,14}$/, "expected a nickname of at most 15 characters")
    .default("exhibit"),
  channel,
  user: z.string().min(1).optional(),
  passwordFile: z.string().min(1).optional(),
});

export const Incident = z.discriminatedUnion("type", [
  File,
  Webhook,
  Jira,
  Rt,
  Github,
  Gitlab,
  Pagerduty,
  Slack,
  Mattermost,
  Alertmanager,
  Irc,
]);
export type IncidentSettings = z.infer<typeof Incident>;
export type SettingsOf<Type extends IncidentSettings["type"]> = Extract<IncidentSettings, { type: Type }>;

/** The secret files that the settings of a record name. */
export function secretFilesOf(settings: IncidentSettings): readonly string[] {
  if (settings.type === "webhook") return [settings.secretFile];
  if ("tokenFile" in settings) return [settings.tokenFile];
  return "passwordFile" in settings && settings.passwordFile !== undefined ? [settings.passwordFile] : [];
}
