// Checks manifest.json.sig against the bytes of manifest.json, by ssh-keygen. What must stay true: only a key that the
// reader's own allowed_signers file names makes a signature good; what the bundle says of its signer is only compared.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runQuick } from "../host/run.ts";
import { printable } from "../printable.ts";
import type { Manifest } from "./manifest.ts";
import { NAMESPACE } from "./sign.ts";

const KEYGEN_MS = 10_000;

/**
 * `good`: by a key that the reader allows. `unknown-signer`: intact, but who holds the key is not known here. `bad`: not a
 * signature of this manifest, or gone. `unsigned`: none was made. `unchecked`: it could not be looked at.
 */
export interface SignatureCheck {
  readonly state: "good" | "unknown-signer" | "bad" | "unsigned" | "unchecked";
  /** In words. */
  readonly detail: string;
  /** Who signed, as in allowed_signers; only of a good one. */
  readonly by?: string;
  /** `SHA256:...` of the key that signed. */
  readonly key?: string;
}

export interface SignedManifest {
  /** Of manifest.json, to the byte. */
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
  /** Of manifest.json.sig; undefined when there is none. */
  readonly signature: Uint8Array | undefined;
}

/** Looks at the signature of a manifest; `allowedSigners` is the path of a file as in ssh-keygen(1). Never throws. */
export async function checkSignature(
  signed: SignedManifest,
  allowedSigners: string | undefined,
): Promise<SignatureCheck> {
  const { manifest, signature } = signed;
  if (signature === undefined) return absent(manifest);
  const folder = await mkdtemp(join(tmpdir(), "exhibit-signature-"));
  try {
    const path = join(folder, "signature");
    await writeFile(path, signature, { mode: 0o600 });
    return await check(signed, path, allowedSigners);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function absent({ signing }: Manifest): SignatureCheck {
  if (signing === undefined) return { state: "unsigned", detail: "not signed" };
  if (signing.failed !== undefined)
    return { state: "unsigned", detail: `not signed: ${printable(signing.failed, 300)}` };
  return { state: "bad", detail: `is missing: it was signed by ${printable(signing.key ?? "a key", 100)}` };
}

async function check(
  { bytes, manifest }: SignedManifest,
  path: string,
  allowedSigners: string | undefined,
): Promise<SignatureCheck> {
  const ask = (...args: readonly string[]) =>
    runQuick(["ssh-keygen", "-Y", ...args, "-n", NAMESPACE, "-s", path], {
      input: bytes,
      timeoutMs: KEYGEN_MS,
    });
  const alone = await ask("check-novalidate");
  if (alone.exitCode === 127)
    return { state: "unchecked", detail: "ssh-keygen is not on this host, and it checks signatures" };
  if (alone.exitCode === undefined)
    return { state: "unchecked", detail: `ssh-keygen gave no answer in ${KEYGEN_MS / 1000} s` };
  // Good "exhibit" signature with ED25519 key SHA256:...
  const key = / key (SHA256:[A-Za-z0-9+/]+)\s*$/.exec(alone.stdout)?.[1];
  if (alone.exitCode !== 0 || key === undefined)
    return { state: "bad", detail: `is not of this manifest: ${wordsOf(alone)}` };

  const { signing } = manifest;
  if (signing?.key !== undefined && signing.key !== key)
    return { state: "bad", detail: `is by ${key}; the manifest names ${printable(signing.key, 100)}`, key };
  if (allowedSigners === undefined)
    return {
      state: "unknown-signer",
      detail: `signed by ${key}; whose key that is only a list of allowed signers tells`,
      key,
    };
  const found = await runQuick(["ssh-keygen", "-Y", "find-principals", "-f", allowedSigners, "-s", path], {
    timeoutMs: KEYGEN_MS,
  });
  // One a line.
  const principals = found.exitCode === 0 ? found.stdout.split("\n").filter((line) => line !== "") : [];
  const [first] = principals;
  if (first === undefined)
    return { state: "unknown-signer", detail: notListed(key, allowedSigners, found), key };
  const by = signing?.identity ?? first;
  const verified = await ask("verify", "-f", allowedSigners, "-I", by);
  if (verified.exitCode === 0)
    return { state: "good", detail: `signed by ${printable(by, 200)} (${key})`, by, key };
  return {
    state: "bad",
    detail: `${key} may not sign as ${printable(by, 200)}, only as ${printable(principals.join(", "), 200)}: ${wordsOf(verified)}`,
    key,
  };
}

function notListed(key: string, allowedSigners: string, found: { readonly stderr: string }): string {
  const file = printable(allowedSigners, 300);
  const unreadable = /No such file|Permission denied|Unable to open/i.test(found.stderr);
  return unreadable
    ? `signed by ${key}; ${file} cannot be read`
    : `signed by ${key}, which ${file} does not name`;
}

function wordsOf({ stderr, stdout }: { readonly stderr: string; readonly stdout: string }): string {
  return printable((stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "", 200);
}
