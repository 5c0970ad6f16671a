// What a schema cannot say of the settings: patterns that compile, addresses that can be fetched, a budget with an end.
import { parseRecipient } from "./parsers/age-recipient.ts";
import type { KeyFault } from "./settings-faults.ts";
import { triggerFaults } from "./settings-trigger-meaning.ts";
import type { Settings } from "./settings.ts";

const LEAST_BUDGET_MS = 1000;
const MOST_BUDGET_MS = 30 * 60_000;
const LEAST_PERIOD_MS = 1000;
const MOST_PERIOD_MS = 60_000;
/** A principal of ssh-keygen(1), "ALLOWED SIGNERS", but no pattern and no list. */
const IDENTITY = /^[A-Za-z0-9_@.:+/=-]{1,200}$/;

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern));
  } catch {
    return false;
  }
}

/** The faults of settings whose form is right. */
export function checkMeaning(settings: Settings): readonly KeyFault[] {
  const faults: KeyFault[] = [];
  const address = (path: readonly string[], url: string | null) => {
    if (url !== null && !/^https?:\/\//.test(url))
      faults.push({ path, expected: "expected an http or https address" });
  };
  const { budget } = settings.capture;
  if (budget < LEAST_BUDGET_MS || budget > MOST_BUDGET_MS)
    faults.push({ path: ["capture", "budget"], expected: "expected 1s to 30m" });
  address(["link", "base"], settings.link.base);
  for (const [name, store] of Object.entries(settings.store))
    if (store.type === "s3") address(["store", name, "endpoint"], store.endpoint);
  for (const [index, text] of settings.encrypt.recipients.entries()) {
    const recipient = parseRecipient(text);
    if (recipient.kind === "none")
      faults.push({ path: ["encrypt", "recipients", String(index)], expected: recipient.fault });
  }
  const { identity } = settings.sign;
  if (identity !== null && !IDENTITY.test(identity))
    faults.push({ path: ["sign", "identity"], expected: "expected a name as in allowed_signers, no blanks" });
  for (const [index, incident] of settings.incidents.entries()) {
    const path = ["incidents", String(index)];
    if (!compiles(incident.match))
      faults.push({ path: [...path, "match"], expected: "expected a regular expression" });
    if ("url" in incident) address([...path, "url"], incident.url);
    if (incident.type === "jira" && incident.flavour === "cloud" && incident.user === undefined)
      faults.push({
        path: [...path, "user"],
        expected: "missing; expected the e-mail address of the account",
      });
    // An IRC server may have a password without having accounts.
    const isMissing =
      incident.type === "irc"
        ? incident.user !== undefined && incident.passwordFile === undefined
        : incident.type === "alertmanager" &&
          (incident.user === undefined) !== (incident.passwordFile === undefined);
    if (isMissing) faults.push({ path, expected: "expected user and passwordFile together" });
  }
  for (const [index, { match }] of settings.services.entries())
    if (!compiles(match))
      faults.push({ path: ["services", String(index), "match"], expected: "expected a regular expression" });
  for (const [index, match] of settings.recorder.services.entries())
    if (!compiles(match))
      faults.push({
        path: ["recorder", "services", String(index)],
        expected: "expected a regular expression",
      });
  for (const [index, { match }] of settings.fleet.services.entries())
    if (!compiles(match))
      faults.push({
        path: ["fleet", "services", String(index), "match"],
        expected: "expected a regular expression",
      });
  // Without TLS whoever is between us and the bus could order captures.
  for (const [index, server] of settings.fleet.servers.entries())
    if (server.startsWith("nats:") && !/^nats:\/\/(?:127\.|localhost(?::|$)|\[::1\])/.test(server))
      faults.push({
        path: ["fleet", "servers", String(index)],
        expected: "expected tls://; nats:// is for this host alone",
      });
  const { period } = settings.recorder;
  if (period < LEAST_PERIOD_MS || period > MOST_PERIOD_MS)
    faults.push({ path: ["recorder", "period"], expected: "expected 1s to 1m" });
  return [...faults, ...triggerFaults(settings.triggers)];
}
