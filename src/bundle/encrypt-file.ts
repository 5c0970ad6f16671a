// One file of evidence, packed and encrypted on the way to a file beside it: nothing readable is written in between.
// What must stay true: a name that ends in .age is only ever that of a whole file, checked and durable. The readable
// file is removed by the caller, who writes down first what it was.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { CommandError } from "../errors.ts";
import { hasCommand } from "../host/commands-on-path.ts";
import { createFile, fsyncFolder, isTemporaryName, temporaryName, writeAll } from "../host/files.ts";
import { filterBy, type Stage } from "../host/filter.ts";
import { ageFileBytes, encryptTo } from "./age.ts";
import type { Digest } from "./digests.ts";

const PIECE_BYTES = 1024 ** 2;
/** More than the header of an age file for a thousand recipients. */
const BEGINNING_BYTES = 256 * 1024;

export interface EncryptedFile {
  /** `PATH.zst.age`, `PATH.gz.age` or `PATH.age`. */
  readonly path: string;
  /** Of the readable file. */
  readonly plain: Digest;
  readonly stored: Digest;
}

/** Encrypts `path` for `recipients`; with `pack` it is compressed before. Throws CommandError or the disk's error; then nothing new is there. */
export async function encryptFile(
  path: string,
  options: {
    readonly recipients: readonly string[];
    readonly pack: boolean;
    /** Called with the final path and the one of the file while it grows. */
    readonly onBegin?: (target: string, temporary: string) => void;
  },
): Promise<EncryptedFile> {
  await removeTorn(path);
  const { stage: pack, suffix } = options.pack ? await packing() : { stage: undefined, suffix: "" };
  const target = `${path}${suffix}.age`;
  const temporary = temporaryName(target);
  const encrypt = encryptTo(options.recipients);
  const read = createHash("sha256");
  const [plainBytes, packedBytes] = [{ count: 0 }, { count: 0 }];
  const source = watch(createReadStream(path, { highWaterMark: PIECE_BYTES }), plainBytes, read);
  const encrypted = encrypt(watch(pack ? pack(source) : source, packedBytes));
  const handle = await createFile(temporary);
  options.onBegin?.(target, temporary);
  const written = createHash("sha256");
  try {
    let beginning = Buffer.alloc(0);
    let bytes = 0;
    for await (const piece of encrypted) {
      if (beginning.length < BEGINNING_BYTES) beginning = Buffer.concat([beginning, piece]);
      await writeAll(handle, piece);
      written.update(piece);
      bytes += piece.length;
    }
    const needed = ageFileBytes(beginning, packedBytes.count);
    if (bytes !== needed)
      throw new CommandError(`age: made ${bytes} bytes where ${needed ?? "those of an age file"} were due`);
    await handle.sync();
    await handle.close();
    await rename(temporary, target);
    await fsyncFolder(dirname(target));
    return {
      path: target,
      plain: { bytes: plainBytes.count, sha256: read.digest("hex") },
      stored: { bytes, sha256: written.digest("hex") },
    };
  } catch (error) {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function packing(): Promise<{ readonly stage: Stage; readonly suffix: string }> {
  // As compress.ts: --check gives the frame a checksum that zstd -d verifies.
  if (await hasCommand("zstd"))
    return { stage: filterBy(["zstd", "-1", "-T2", "-q", "--check", "-c"]), suffix: ".zst" };
  return { stage: (input) => gzip(input), suffix: ".gz" };
}

async function* gzip(input: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const packer = createGzip({ level: 1 });
  const feeding = pipeline(input, packer);
  feeding.catch(() => undefined);
  yield* packer;
  await feeding;
}

/** Lets bytes pass by, counts and, when asked, hashes them. */
async function* watch(
  input: AsyncIterable<Uint8Array>,
  bytes: { count: number },
  hash?: Hash,
): AsyncGenerator<Buffer> {
  for await (const piece of input) {
    hash?.update(piece);
    bytes.count += piece.length;
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
  }
}

/** What a kill left half-written of this very file. */
async function removeTorn(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder))
    if (isTemporaryName(name) && name.startsWith(`.${basename(path)}.`)) await unlink(join(folder, name));
}
