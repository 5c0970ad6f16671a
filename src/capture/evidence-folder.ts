// The evidence of a bundle that lies in a folder, being sealed or sealed.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { readUpTo } from "../host/bounded-read.ts";
import type { ReadEvidence } from "../readings/evidence/files.ts";

/** The largest tables are cut at half of it when they are taken. */
const FILE_LIMIT_BYTES = 32 * 1024 ** 2;

/** Files of a bundle's folder by their path in it; what is missing, no file, or longer than any evidence is undefined. */
export function evidenceOf(folder: string): ReadEvidence {
  return (path) => readMember(join(folder, path)).catch(() => undefined);
}

async function readMember(path: string): Promise<Buffer | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    return found.isFile() && found.size <= FILE_LIMIT_BYTES ? await readUpTo(handle, found.size) : undefined;
  } finally {
    await handle.close();
  }
}
