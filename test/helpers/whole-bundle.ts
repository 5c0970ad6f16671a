// A bundle as `seal` makes it, with a real zip: for what reads it back.
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeZip } from "../../src/bundle/zip.ts";
import { Manifest } from "../../src/bundle/manifest.ts";
import { sealBundle, sha256, type Evidence, type Sealed } from "./sealed-bundle.ts";

/** As `sealBundle`, and bundle.zip holds what the manifest says it does. */
export async function sealWithZip(
  spool: string,
  options: { readonly id?: string; readonly evidence?: Evidence } = {},
): Promise<Sealed> {
  const sealed = sealBundle(spool, options);
  const zipPath = join(sealed.path, "bundle.zip");
  const members = sealed.manifest.files.filter(({ inZip, path }) => inZip && path !== "bundle.zip");
  await writeZip({
    folder: sealed.path,
    zipPath,
    top: sealed.captureId,
    members: members.map(({ path }) => path),
    date: new Date("2026-11-22T03:12:07Z"),
  });
  return changeManifest(sealed, (manifest) => ({
    ...manifest,
    files: manifest.files.map((file) =>
      file.path === "bundle.zip"
        ? { ...file, inZip: false, bytes: statSync(zipPath).size, sha256: digestOf(zipPath) }
        : file,
    ),
  }));
}

/** The same bundle with another manifest, which need not be a true one. */
export function changeManifest(sealed: Sealed, change: (manifest: Manifest) => unknown): Sealed {
  const changed = change(sealed.manifest);
  const text = `${JSON.stringify(changed)}\n`;
  writeFileSync(join(sealed.path, "manifest.json"), text);
  const parsed = Manifest.safeParse(changed);
  return {
    ...sealed,
    manifest: parsed.success ? parsed.data : sealed.manifest,
    manifestSha256: sha256(text),
  };
}

export function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
