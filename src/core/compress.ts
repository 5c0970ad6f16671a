// Cores are kept as .zst: zstd --fast=1 makes a seventh of a Node core, and a core of 4 GB is whole after three quarters of
// the time that zstd -1 takes, at the same size (C) or 17 % more (Node); --fast=2 saves no more time (measured). Where the
// zstd program is missing it is gzip by node:zlib, and the name says so. Done after the target runs again.
import { createReadStream, createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { CommandError } from "../errors.ts";
import { hasCommand } from "../host/commands-on-path.ts";
import { fsyncFile } from "../host/files.ts";
import { BEHIND } from "../host/priority.ts";
import { run } from "../host/run.ts";

const ZSTD = ["zstd", "--fast=1", "-T2", "-q", "--check"] as const;
/**
 * In pieces of 512 KB, the smallest that it takes, two threads of it need 8 MB in place of 17. A Node process, whose thousands of
 * areas make our helper larger, takes no longer so; the core of a C program takes a fifth longer (measured).
 */
const IN_SMALL_PIECES = "-B512K";

/**
 * What the core of a process of this runtime goes through while it is written, and the ending of its name. Undefined where zstd is
 * missing: it is then compressed afterwards.
 */
export async function streamPacking(
  runtime: string,
): Promise<
  { readonly suffix: string; readonly through: readonly (readonly [string, ...string[]])[] } | undefined
> {
  if (!(await hasCommand("zstd"))) return undefined;
  return { suffix: ".zst", through: [[...ZSTD, ...(runtime === "node" ? [IN_SMALL_PIECES] : []), "-c"]] };
}

/**
 * Compresses `path`, checks that the result decodes, removes the original; resolves with the new path. `onBegin` is told it
 * before the file is there; from then on its bytes are final as they come.
 */
export async function compressCore(path: string, onBegin?: (packed: string) => void): Promise<string> {
  return (await hasCommand("zstd")) ? compressByZstd(path, onBegin) : compressByGzip(path, onBegin);
}

async function compressByZstd(path: string, onBegin?: (packed: string) => void): Promise<string> {
  const packed = `${path}.zst`;
  onBegin?.(packed);
  // -f: a torn one of an interrupted seal is replaced. --check: the frame carries a checksum that -t verifies.
  const packing = await run({
    argv: [...ZSTD, "-f", "-o", packed, "--", path],
    priority: BEHIND,
  });
  if (packing.exitCode !== 0)
    throw new CommandError(`zstd: the core stays uncompressed: ${packing.stderr.trim()}`);
  const testing = await run({ argv: ["zstd", "-q", "-t", "--", packed], priority: BEHIND });
  if (testing.exitCode !== 0)
    throw new CommandError(`zstd: the compressed core does not decode: ${testing.stderr.trim()}`);
  await fsyncFile(packed);
  await unlink(path);
  return packed;
}

async function compressByGzip(path: string, onBegin?: (packed: string) => void): Promise<string> {
  const packed = `${path}.gz`;
  onBegin?.(packed);
  await pipeline(
    createReadStream(path),
    createGzip({ level: 1 }),
    createWriteStream(packed, { mode: 0o600 }),
  );
  await fsyncFile(packed);
  await unlink(path);
  return packed;
}
