// Digests of what lies on disk, read in pieces so that a core of any size costs no memory.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";

const PIECE_BYTES = 1024 ** 2;

export interface Digest {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Size and SHA-256 of one regular file; a link is refused (ELOOP). */
export async function digestFile(path: string): Promise<Digest> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash("sha256");
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, PIECE_BYTES, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(piece.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

export function digestBytes(data: Uint8Array): Digest {
  return { bytes: data.length, sha256: createHash("sha256").update(data).digest("hex") };
}

/** The lines of SHA256SUMS as sha256sum(1) reads them. */
export function formatSums(files: readonly { readonly path: string; readonly sha256: string }[]): string {
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join("");
}
