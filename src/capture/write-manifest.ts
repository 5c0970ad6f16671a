// The last step of a seal: the signature, then the manifest. What must stay true: manifest.json.sig belongs to exactly the
// bytes of manifest.json, or is not there; a manifest that could not be signed says so itself.
import { unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MANIFEST_FILE, SIGNATURE_FILE, type BundlePaths } from "../bundle/layout.ts";
import type { Manifest } from "../bundle/manifest.ts";
import type { Signer } from "../bundle/sign.ts";
import { errnoOf, messageOf } from "../errors.ts";
import { fsyncFolder, writeFileDurable } from "../host/files.ts";

/** Writes both and resolves with the manifest as it is on the disk; EEXIST when there is one. */
export async function writeManifest(
  paths: BundlePaths,
  manifest: Manifest,
  signer: Signer | undefined,
): Promise<Manifest> {
  const temporaryIn = dirname(paths.folder);
  const signaturePath = join(paths.folder, SIGNATURE_FILE);
  const commit = async (final: Manifest) => {
    await fsyncFolder(paths.folder);
    await writeFileDurable(join(paths.folder, MANIFEST_FILE), textOf(final), {
      exclusive: true,
      temporaryIn,
    });
    return final;
  };
  if (signer?.sign === undefined) {
    await removeSignature(signaturePath);
    return commit(manifest);
  }
  let signature: Buffer;
  try {
    signature = await signer.sign(Buffer.from(textOf(manifest)));
  } catch (error) {
    await removeSignature(signaturePath);
    return commit({ ...manifest, signing: { ...manifest.signing, failed: messageOf(error) } });
  }
  await writeFileDurable(signaturePath, signature, { temporaryIn });
  return commit(manifest);
}

function textOf(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** One that a killed seal left is of another manifest. */
async function removeSignature(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
  });
}
