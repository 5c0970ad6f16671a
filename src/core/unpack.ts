// A packed core of a bundle as a sparse file of its own. What must stay true: it has its name only when all of it was
// unpacked and is what it should be; no other file is replaced; the bundle's folder stays as it was sealed.
import { link, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { digestFile } from "../bundle/digests.ts";
import { errnoOf, ExhibitError } from "../errors.ts";
import { fsyncFile, makeFolder, temporaryName } from "../host/files.ts";
import { BEHIND } from "../host/priority.ts";
import { run } from "../host/run.ts";

export interface Unpacked {
  /** `present`: it was here already, and is what it should be as far as that is known. */
  readonly state: "unpacked" | "present";
  readonly bytes: number;
}

interface UnpackRequest {
  /** A .zst or a .gz. */
  readonly packed: string;
  readonly path: string;
  /** What the manifest says of the unpacked bytes. */
  readonly plain: { readonly bytes: number; readonly sha256: string } | undefined;
  readonly signal?: AbortSignal;
}

/** Unpacks one core by zstd(1). Throws ExhibitError when it cannot be, is not what `plain` says, or the signal aborts. */
export async function unpackCore(request: UnpackRequest): Promise<Unpacked> {
  const { path, plain } = request;
  if (await stat(path).catch(() => undefined)) return { state: "present", bytes: await check(path, plain) };
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  try {
    await decompress(request, temporary);
    const bytes = await check(temporary, plain);
    await fsyncFile(temporary);
    await link(temporary, path);
    return { state: "unpacked", bytes };
  } catch (error) {
    if (error instanceof ExhibitError || errnoOf(error) === undefined) throw error;
    throw new ExhibitError(`${path}: cannot be written (${errnoOf(error) ?? ""})`, { cause: error });
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function decompress({ packed, signal }: UnpackRequest, output: string): Promise<void> {
  const outcome = await run({
    // A .gz too: zstd(1) reads it where it was built with zlib, as the packages of the distributions are.
    argv: ["zstd", "-d", "--sparse", "-q", "-o", output, "--", packed],
    priority: BEHIND,
    ...(signal === undefined ? {} : { signal }),
  });
  if (outcome.notStarted !== undefined)
    throw new ExhibitError(`zstd could not be started (${outcome.notStarted}): the core stays packed`, {
      hint: "install zstd, and fetch again",
    });
  if (signal?.aborted)
    throw new ExhibitError("interrupted: the core stays packed", { hint: "fetch it again" });
  if (outcome.exitCode !== 0)
    throw new ExhibitError(`zstd: the core stays packed: ${outcome.stderr.trim().split("\n").at(-1) ?? ""}`, {
      hint: "look whether the disk has room for it; exhibit verify says whether the packed one is whole",
    });
}

/** Resolves with the size. */
async function check(path: string, plain: UnpackRequest["plain"]): Promise<number> {
  if (plain === undefined) return (await stat(path)).size;
  const found = await digestFile(path);
  if (found.bytes === plain.bytes && found.sha256 === plain.sha256) return found.bytes;
  throw new ExhibitError(
    `what was unpacked has ${found.bytes} bytes and sha256 ${found.sha256}, not ${plain.bytes} and ${plain.sha256} as the manifest says`,
    { hint: `if ${path} was there before, move it away and fetch again` },
  );
}
