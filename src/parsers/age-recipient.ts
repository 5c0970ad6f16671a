// Who may read what is encrypted: the public keys that age(1) takes, as they stand in the settings. Keys of plugins are
// not taken: a plugin is one more program that would have to work on a sick host.
import { base64, bech32 } from "@scure/base";

export interface Recipient {
  readonly kind: "x25519" | "ssh-ed25519";
  /** As it is handed to age, without a comment. */
  readonly key: string;
}

/** `fault` is in words and never holds the text itself: somebody may have pasted a secret key. */
export type ParsedRecipient = Recipient | { readonly kind: "none"; readonly fault: string };

const EXPECTED = "expected a public key: age1... (age-keygen prints it) or ssh-ed25519 AAAA...";
const X25519_KEY_BYTES = 32;
/** Length and name of the type, length of the key: RFC 4253, 6.6 and RFC 8709, 4. */
const SSH_HEAD = Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1");

const none = (why: string): ParsedRecipient => ({ kind: "none", fault: `${EXPECTED}; ${why}` });

/** Reads one recipient; never throws. */
export function parseRecipient(text: string): ParsedRecipient {
  if (/AGE-SECRET-KEY-|PRIVATE KEY/i.test(text))
    return none("this is a secret key, which belongs to no host: put its public half here (age-keygen -y)");
  if (text.startsWith("ssh-ed25519 ")) return parseSsh(text);
  if (text.startsWith("ssh-"))
    return none("of ssh keys only ssh-ed25519 is taken: the others are slow or too short");
  if (!text.startsWith("age1")) return none("this is neither");
  // Bech32 (BIP 173): the part before the last 1 names the kind.
  const prefix = text.slice(0, text.lastIndexOf("1"));
  if (prefix !== "age") return none("keys of plugins and post-quantum keys are not taken");
  const key = bech32.decodeUnsafe(text);
  if (key === undefined) return none("this one has a typing error: its checksum is wrong");
  const bytes = bech32.fromWordsUnsafe(key.words);
  if (bytes?.length !== X25519_KEY_BYTES) return none("this one is too long or too short");
  return { kind: "x25519", key: text };
}

function parseSsh(text: string): ParsedRecipient {
  const [type, encoded = ""] = text.split(/\s+/);
  try {
    const bytes = Buffer.from(base64.decode(encoded));
    const isWhole =
      bytes.length === SSH_HEAD.length + 32 && bytes.subarray(0, SSH_HEAD.length).equals(SSH_HEAD);
    return isWhole ? { kind: "ssh-ed25519", key: `${type} ${encoded}` } : none("this one was cut or changed");
  } catch {
    return none("this one is not base64");
  }
}
