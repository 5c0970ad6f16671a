// Signs with an OpenSSH key through ssh-keygen, so that anybody can check it with ssh-keygen (ssh-keygen(1), -Y sign).
// What must stay true: nothing here waits for a person or for long; the key never leaves its file.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { ExhibitError, errnoOf, messageOf } from "../errors.ts";
import { runQuick } from "../host/run.ts";
import { secretPath } from "../host/secret-file.ts";
import { printable } from "../printable.ts";
import type { SignSettings } from "../settings.ts";
import type { Manifest } from "./manifest.ts";

/** What a signature is for: one for a bundle is none for a git commit, and the other way round. */
export const NAMESPACE = "exhibit";
/** Milliseconds are enough; a sick host is slow. */
const KEYGEN_MS = 10_000;

export interface Signer {
  /** For the manifest. */
  readonly signing: NonNullable<Manifest["signing"]>;
  /** The signature of these bytes as ssh-keygen writes it; throws ExhibitError. Absent when the key cannot be used. */
  readonly sign?: (bytes: Uint8Array) => Promise<Buffer>;
}

/** The signer of the settings, undefined when they name no key. Never throws: why it cannot sign is in `signing.failed`. */
export async function openSigner({ key, identity }: SignSettings): Promise<Signer | undefined> {
  if (key === null) return undefined;
  const who = identity === null ? {} : { identity };
  try {
    const path = secretPath(key);
    const fingerprint = await readFingerprint(path);
    return { signing: { key: fingerprint, ...who }, sign: (bytes) => sign(path, bytes) };
  } catch (error) {
    return { signing: { ...who, failed: messageOf(error) } };
  }
}

/** `SHA256:...` of the public half of a private key; throws ExhibitError with the way to mend it. */
export async function readFingerprint(path: string): Promise<string> {
  const shown = printable(path, 300);
  const stats = await stat(path).catch((error: unknown) => {
    const hint =
      errnoOf(error) === "ENOENT" ? `ssh-keygen -t ed25519 -N '' -f ${shown}` : "run exhibit as root";
    throw new ExhibitError(`${shown}: the signing key cannot be read (${errnoOf(error)})`, {
      hint,
      cause: error,
    });
  });
  if (!stats.isFile())
    throw new ExhibitError(`${shown}: the signing key is no file`, { hint: "look at sign.key" });
  // An empty passphrase is tried, so that none is asked for.
  const { exitCode, stdout, stderr } = await runQuick(["ssh-keygen", "-y", "-P", "", "-f", path], {
    timeoutMs: KEYGEN_MS,
  });
  const [, blob] = /^\S+ ([A-Za-z0-9+/]+=*)/.exec(stdout) ?? [];
  if (exitCode === 0 && blob !== undefined)
    return `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;
  throw keyError(shown, exitCode, stderr);
}

function keyError(path: string, exitCode: number | undefined, stderr: string): ExhibitError {
  if (exitCode === 127)
    return new ExhibitError("ssh-keygen is not on this host, and it makes the signature", {
      hint: "install the OpenSSH client",
    });
  if (path.endsWith(".pub"))
    return new ExhibitError(`${path}: is a public key, and only the private one signs`, {
      hint: "sign.key names the private half, without .pub",
    });
  if (/UNPROTECTED|bad permissions/i.test(stderr))
    return new ExhibitError(`${path}: others may read the signing key, so it is not used`, {
      hint: `chmod 0600 ${path}`,
    });
  if (/permission denied/i.test(stderr))
    return new ExhibitError(`${path}: the signing key cannot be read (EACCES)`, {
      hint: "run exhibit as root",
    });
  if (/passphrase/i.test(stderr))
    return new ExhibitError(`${path}: the signing key has a passphrase, and nobody is there to type it`, {
      hint: "make one for this alone: ssh-keygen -t ed25519 -N '' -f KEY",
    });
  return new ExhibitError(`${path}: is no OpenSSH private key`, {
    hint: "make one: ssh-keygen -t ed25519 -N '' -f KEY",
  });
}

async function sign(path: string, bytes: Uint8Array): Promise<Buffer> {
  const { exitCode, stdout, stderr } = await runQuick(
    ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", path],
    { input: bytes, timeoutMs: KEYGEN_MS },
  );
  if (exitCode === 0 && stdout.startsWith("-----BEGIN SSH SIGNATURE-----")) return Buffer.from(stdout);
  if (exitCode === undefined)
    throw new ExhibitError(`ssh-keygen did not sign within ${KEYGEN_MS / 1000} s`, {
      hint: "a key on a token waits for a touch: use one in a file",
    });
  throw new ExhibitError(
    `ssh-keygen did not sign: ${printable(stderr.trim().split("\n").at(-1) ?? "", 200)}`,
  );
}
