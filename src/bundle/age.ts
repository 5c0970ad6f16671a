// Encryption to age recipients: only public keys are on this host, and whoever has a secret half opens the file with
// age(1) alone. The age program where there is one; else the age-encryption package, at a seventh of its speed, which
// knows no ssh keys.
import { ReadableStream } from "node:stream/web";
import { CommandError } from "../errors.ts";
import { lookUpCommand, toolPath } from "../host/commands-on-path.ts";
import { filterBy, type Stage } from "../host/filter.ts";
import { parseRecipient, type Recipient } from "../parsers/age-recipient.ts";

export type AgeTool = "age" | "package";

function readRecipients(texts: readonly string[]): readonly Recipient[] {
  return texts.map((text) => {
    const recipient = parseRecipient(text);
    if (recipient.kind === "none") throw new CommandError(recipient.fault);
    return recipient;
  });
}

/** What would encrypt on this host now. Throws CommandError when nothing can. */
export function chooseAge(texts: readonly string[]): AgeTool {
  if (texts.length === 0)
    throw new CommandError("no recipient is set", { hint: "name one in the settings: encrypt.recipients" });
  const recipients = readRecipients(texts);
  if (lookUpCommand("age", toolPath()).state === "found") return "age";
  if (recipients.every(({ kind }) => kind === "x25519")) return "package";
  throw new CommandError("age is not on this host, and only it encrypts to ssh keys", {
    hint: "install age, or name age1... recipients only",
  });
}

/** A stage that encrypts to all of these. Throws CommandError when nothing on this host can. */
export function encryptTo(texts: readonly string[]): Stage {
  const tool = chooseAge(texts);
  const keys = readRecipients(texts).map(({ key }) => key);
  return tool === "age" ? filterBy(["age", ...keys.flatMap((key) => ["-r", key])]) : encryptByPackage(keys);
}

function encryptByPackage(keys: readonly string[]): Stage {
  return async function* (input) {
    const { Encrypter } = await import("age-encryption");
    const encrypter = new Encrypter();
    for (const key of keys) encrypter.addRecipient(key);
    // Not Readable.toWeb: its queue counts chunks where it should count bytes, and takes in the whole file.
    yield* await encrypter.encrypt(ReadableStream.from(input));
  };
}

const HEAD_LIMIT_BYTES = 256 * 1024;
const MAC_LINE = /\n--- [A-Za-z0-9+/]{43}\n/;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 16;

/**
 * How long an age file must be that holds `plainBytes`, by its beginning; undefined when that is no age header.
 * The specification (C2SP age.md, "Payload"): a nonce, then chunks of 64 KiB with a tag each, at least one.
 */
export function ageFileBytes(beginning: Buffer, plainBytes: number): number | undefined {
  const text = beginning.subarray(0, HEAD_LIMIT_BYTES).toString("latin1");
  const mac = text.startsWith("age-encryption.org/v1\n") ? MAC_LINE.exec(text) : null;
  if (mac === null) return undefined;
  const chunks = Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES));
  return mac.index + mac[0].length + NONCE_BYTES + plainBytes + chunks * TAG_BYTES;
}
