// The file that parts are cut from: one that was sealed, or one that still grows. What must stay true: of a sealed file the
// last part is only given out when all its bytes are those that were sealed; of a growing one only bytes that are final.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { delay } from "../host/clock.ts";
import { stopped } from "./refusals.ts";
import { openGrowing, openSource, sourceError } from "./source.ts";
import type { GrowingMember, Member } from "./store.ts";
import { UnsendableError } from "./unsendable.ts";

export interface PartSource {
  /** How many bytes there are from `at` on, at most `limit`; fewer only at the end. Waits for a file that grows. */
  readonly available: (at: number, limit: number, signal: AbortSignal) => Promise<number>;
  /** Fills all of `buffer` from `at`. Throws UnsendableError when the file is not what it was. */
  readonly read: (buffer: Buffer, at: number) => Promise<void>;
  /** To be told every byte once and in order, before it is sent. Throws UnsendableError at the end when it is another file. */
  readonly check: (piece: Buffer) => void;
  /** What the whole file is; known when everything was available. */
  readonly whole: () => Promise<{ readonly bytes: number; readonly sha256: string }>;
  readonly close: () => Promise<void>;
}

/** A file whose size and digest are known. */
export async function openSealedSource(member: Member): Promise<PartSource> {
  const handle = await openSource(member);
  const hash = createHash("sha256");
  let checked = 0;
  return {
    available: async (at, limit) => Math.min(limit, member.bytes - at),
    read: (buffer, at) => fill(handle, member.path, { buffer, at }),
    check: (piece) => {
      hash.update(piece);
      checked += piece.length;
      if (checked < member.bytes) return;
      const found = hash.digest("hex");
      if (found !== member.sha256) throw changed(member, found);
    },
    whole: async () => member,
    close: () => handle.close(),
  };
}

/** How often a growing file is looked at: one stat(2) each time. */
const LOOK_MS = 100;

/**
 * A file that somebody still writes. Its digest is the writer's: reading every byte twice to compare would cost as much
 * as the rest of the upload, and each part is proven to the store by a digest of its own.
 */
export async function openGrowingSource(member: GrowingMember): Promise<PartSource> {
  const handle = await openGrowing(member.path);
  let end: { readonly bytes: number; readonly sha256: string } | undefined;
  let failure: Error | undefined;
  const finished = member.finished.then(
    (whole) => void (end = whole),
    (error: unknown) => void (failure = givenUp(member.path, error)),
  );
  const available = async (at: number, limit: number, signal: AbortSignal): Promise<number> => {
    for (;;) {
      if (signal.aborted) throw stopped(member.path);
      if (failure) throw failure;
      // Whether it is complete must be known before its size is read, or the end is taken for a pause.
      const complete = end;
      const { size } = await handle.stat();
      if (complete && size !== complete.bytes)
        throw new UnsendableError(`${member.path}: has ${size} bytes, was finished with ${complete.bytes}`);
      if (complete || size - at >= limit) return Math.max(0, Math.min(limit, size - at));
      const waiting = new AbortController();
      const wake = () => waiting.abort();
      signal.addEventListener("abort", wake, { once: true });
      await Promise.race([finished, delay(LOOK_MS, waiting.signal)]);
      signal.removeEventListener("abort", wake);
      wake();
    }
  };
  return {
    available,
    read: (buffer, at) => fill(handle, member.path, { buffer, at }),
    check: () => undefined,
    whole: () => member.finished,
    close: () => handle.close(),
  };
}

function changed({ path, sha256 }: Member, found: string): UnsendableError {
  return new UnsendableError(`${path}: has SHA-256 ${found}, was sealed with ${sha256}`, {
    hint: "it changed after it was sealed; exhibit verify names every such file",
  });
}

function givenUp(path: string, cause: unknown): UnsendableError {
  return new UnsendableError(`${path}: was not finished, and is not uploaded`, { cause });
}

async function fill(
  handle: FileHandle,
  path: string,
  { buffer, at }: { readonly buffer: Buffer; readonly at: number },
): Promise<void> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle
      .read(buffer, filled, buffer.length - filled, at + filled)
      .catch((error: unknown) => {
        throw sourceError(path, error);
      });
    if (bytesRead === 0) throw new UnsendableError(`${path}: ends after ${at + filled} bytes, and had more`);
    filled += bytesRead;
  }
}
