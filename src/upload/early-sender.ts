// The members of an unfinished bundle on their way to the store: small ones as they are done, a core while it grows. A
// store that refuses is tried again a little later; what it does not take here is sent with the whole bundle.
import { join } from "node:path";
import pLimit from "p-limit";
import { digestFile } from "../bundle/digests.ts";
import type { CaptureFile } from "../bundle/manifest.ts";
import { mediaTypeOf } from "../bundle/media-type.ts";
import { errnoOf, messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { prefixOf } from "./members.ts";
import type { Member, Store } from "./store.ts";

/** Small files at once; a core has its own buffers. */
const AT_ONCE = 2;
/** After a refusal; a store that is down for a moment still gets the evidence before the core is whole. */
const AGAIN_MS = [1000, 3000, 10_000];

interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

export interface EarlySender {
  /** Sends a member once `prepare` has made it what it will stay; false there leaves it to the sealed bundle. */
  readonly send: (path: string, prepare?: () => Promise<boolean>) => void;
  readonly grow: (path: string) => void;
  readonly grown: (path: string, digest: Digest) => void;
  readonly giveUp: (path: string) => void;
  /** Resolves when nothing is under way any more; what was refused is not tried again. */
  readonly end: () => Promise<void>;
}

interface Request {
  /** Of the bundle, in the spool. */
  readonly folder: string;
  readonly capture: CaptureFile;
  readonly store: Store;
  readonly stop: AbortSignal;
  readonly onSent: (path: string, bytes: number) => void;
  readonly onRefused: (reason: string) => void;
}

interface Growing {
  readonly resolve: (digest: Digest) => void;
  readonly reject: (error: Error) => void;
}

export function openEarlySender({ folder, capture, store, stop, onSent, onRefused }: Request): EarlySender {
  const limit = pLimit(AT_ONCE);
  const underWay = new Set<Promise<void>>();
  const growing = new Map<string, Growing>();
  const ending = new AbortController();
  const follow = (work: Promise<void>) => {
    const done = work
      .catch((error: unknown) => onRefused(messageOf(error)))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  const facts = (path: string) => ({
    key: `${prefixOf(capture)}/${path}`,
    path: join(folder, path),
    mediaType: mediaTypeOf(path),
  });

  const sendOne = async (path: string, prepare: () => Promise<boolean>): Promise<void> => {
    if (stop.aborted || !(await prepare())) return;
    const member: Member = {
      ...facts(path),
      ...(await digestFile(join(folder, path))),
      sensitivity: path.startsWith("evidence/") ? "text" : "none",
      exclusive: false,
    };
    for (let attempt = 0; ; attempt++) {
      try {
        await store.put(member, stop);
        return onSent(path, member.bytes);
      } catch (error) {
        const pause = AGAIN_MS[attempt];
        if (pause === undefined || stop.aborted || ending.signal.aborted) throw error;
        onRefused(messageOf(error));
        await delay(pause, ending.signal);
      }
    }
  };

  const growOne = async (path: string, finished: Promise<Digest>): Promise<void> => {
    await store.putGrowing?.({ ...facts(path), sensitivity: "core", finished }, stop);
    onSent(path, (await finished).bytes);
  };

  return {
    send: (path, prepare = async () => true) =>
      follow(
        limit(() => sendOne(path, prepare)).catch((error: unknown) => {
          // A file that its collector has taken back is no fault of the store.
          if (errnoOf(error) !== "ENOENT") throw error;
        }),
      ),
    grow: (path) => {
      const finished = new Promise<Digest>((resolve, reject) => growing.set(path, { resolve, reject }));
      finished.catch(() => undefined);
      if (store.putGrowing) follow(growOne(path, finished));
    },
    grown: (path, { bytes, sha256 }) => growing.get(path)?.resolve({ bytes, sha256 }),
    giveUp: (path) => growing.get(path)?.reject(new Error(`${path}: was not finished`)),
    end: async () => {
      ending.abort();
      for (const { reject } of growing.values()) reject(new Error("the capture ended"));
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
