// Who may read what is captured, and who says that it was captured here: both are tried, with a few bytes.
import { chooseAge, encryptTo } from "../../bundle/age.ts";
import { openSigner, readFingerprint } from "../../bundle/sign.ts";
import { chooseCollectors } from "../../capture/choose.ts";
import { ExhibitError, messageOf } from "../../errors.ts";
import { hasCommand } from "../../host/commands-on-path.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { OsFamily } from "../../parsers/os-release.ts";
import { printable } from "../../printable.ts";
import type { EncryptSettings, Settings, SignSettings } from "../../settings.ts";
import { failed, ok, skipped, warning, type Check } from "./check.ts";
import { installLine } from "./packages.ts";

const RECIPIENT_LINE =
  "in /etc/exhibit/exhibit.yaml: encrypt: {recipients: [age1...]}   (age-keygen -o key.txt, elsewhere, prints one)";

/** Whether memory would leave this host readable, and whether what should be encrypted can be. */
export async function checkEncryption(settings: Settings, family: OsFamily | undefined): Promise<Check> {
  const name = "encryption";
  const { encrypt } = settings;
  if (encrypt.recipients.length === 0) return withoutRecipient(name, settings);
  try {
    const tool = chooseAge(encrypt.recipients);
    await tryRecipients(encrypt.recipients);
    const what = `${encrypt.everything ? "all evidence" : "cores"} to ${count(encrypt)}`;
    if (tool === "package")
      return warning(
        name,
        `${what}, ten times slower than by age, which is not on this host`,
        installLine("age", family),
      );
    return ok(name, what);
  } catch (error) {
    const hint = error instanceof ExhibitError ? error.hint : undefined;
    const missing = !(await hasCommand("age"));
    return failed(
      name,
      printable(messageOf(error), 300),
      missing ? installLine("age", family) : (hint ?? "look at encrypt.recipients: exhibit config"),
    );
  }
}

function withoutRecipient(name: string, settings: Settings): Check {
  const { everything, required } = settings.encrypt;
  if (required) return failed(name, "is required, and no recipient is set: no core is taken", RECIPIENT_LINE);
  if (everything) return failed(name, "of everything is asked for, and no recipient is set", RECIPIENT_LINE);
  const holding = memoryCollectors(settings);
  if (holding.length === 0)
    return skipped(name, "not asked for, and no collector of the profile keeps memory");
  return warning(name, `none: memory is kept and sent readable (${holding.join(", ")})`, RECIPIENT_LINE);
}

/** Collectors of the usual profile whose output is memory. */
function memoryCollectors(settings: Settings): readonly string[] {
  return chooseCollectors(settings, {}).choices.flatMap(({ collector }) =>
    collector.sensitive.includes("core") ? [collector.name] : [],
  );
}

function count({ recipients }: EncryptSettings): string {
  return `${recipients.length} ${recipients.length === 1 ? "recipient" : "recipients"}`;
}

/** A key whose form is right may still be none. */
async function tryRecipients(recipients: readonly string[]): Promise<void> {
  for (const recipient of recipients)
    try {
      for await (const _ of encryptTo([recipient])(onePiece()));
    } catch (error) {
      throw new ExhibitError(`${printable(recipient, 120)}: ${messageOf(error)}`, { cause: error });
    }
}

async function* onePiece(): AsyncIterable<Buffer> {
  yield Buffer.from("exhibit doctor\n");
}

/** Whether the key of the settings signs, without anybody there. */
export async function checkSigning(settings: SignSettings, family: OsFamily | undefined): Promise<Check> {
  const name = "signature";
  if (settings.key === null) return skipped(name, "not asked for (sign.key)");
  try {
    const key = await readFingerprint(secretPath(settings.key));
    await (await openSigner(settings))?.sign?.(Buffer.from("exhibit doctor\n"));
    const who = settings.identity === null ? "" : ` as ${printable(settings.identity, 200)}`;
    return ok(name, `by ${key}${who}`);
  } catch (error) {
    const hint = error instanceof ExhibitError ? error.hint : undefined;
    const missing = !(await hasCommand("ssh-keygen"));
    return failed(
      name,
      printable(messageOf(error), 300),
      missing ? installLine("ssh-keygen", family) : (hint ?? "look at sign.key: exhibit config"),
    );
  }
}
