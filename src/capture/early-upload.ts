// The capture's end of the early upload (upload/early-upload.ts): it tells which files are done. What must stay true: it
// never waits for the store, and a program that fails, hangs or cannot be started costs the capture nothing.
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { EVIDENCE_FOLDER, isMemberName, type BundlePaths } from "../bundle/layout.ts";
import type { Digest } from "../bundle/digests.ts";
import { delay } from "../host/clock.ts";
import { ownProgram } from "../host/own-program.ts";
import { startBehind } from "../host/start.ts";
import type { S3StoreSettings } from "../settings.ts";
import { parseLine, Word, type Order } from "../upload/early-lines.ts";

/** To mask the file that is just being masked, behind everything else on the host. */
const QUIET_MS = 3000;

/** A store that finished evidence is sent to at once. */
export interface EarlyStore {
  readonly name: string;
  /** Cores are encrypted at the seal: what is written before must not leave the host. */
  readonly encryptsCores: boolean;
  readonly settings: S3StoreSettings;
}

/** Told of packed cores while they are written, by their paths in the bundle. */
export interface GrowthWatch {
  /** The file `from`, in the folder of `path`, has begun: its bytes are final as they come. */
  readonly growing: (path: string, from: string) => void;
  /** It is whole, and nothing will make it anew. */
  readonly grown: (path: string, digest: Digest) => void;
  readonly givenUp: (path: string) => void;
}

export interface EarlyUpload {
  /** A collector is done with its folder, but for the `later` ones, which may hold memory. */
  readonly collected: (collector: string, later: readonly string[]) => Promise<void>;
  /** Of cores while the seal packs them. */
  readonly core: GrowthWatch;
  /** Of cores that are packed as they are taken; undefined where they must be encrypted first. */
  readonly asWritten: GrowthWatch | undefined;
  /** Resolves when no file of the bundle is changed any more: the seal may begin. */
  readonly quiet: () => Promise<void>;
  /** Nothing more comes. Resolves when all that could be sent is, or the signal aborts. */
  readonly end: (signal?: AbortSignal) => Promise<void>;
}

/** Starts it for one bundle. */
export function startEarlyUpload(paths: BundlePaths, spool: string, store: EarlyStore): EarlyUpload {
  const child = startBehind(ownProgram("early-upload"));
  const gone = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  const words = new Map<Word["kind"], () => void>();
  const isQuiet = new Promise<"quiet">((resolve) => words.set("quiet", () => resolve("quiet")));
  child.stdin?.on("error", () => undefined);
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      const word = parseLine(Word, line);
      if (word) words.get(word.kind)?.();
    });
  const order = (value: Order) => void child.stdin?.write(`${JSON.stringify(value)}\n`);
  const { encryptsCores, ...settings } = store;
  order({ kind: "open", spool, captureId: paths.captureId, store: settings });
  const core: GrowthWatch = {
    growing: (path, from) => order({ kind: "growing", path, from }),
    grown: (path, { bytes, sha256 }) => order({ kind: "grown", path, bytes, sha256 }),
    givenUp: (path) => order({ kind: "given-up", path }),
  };

  return {
    collected: async (collector, later) => {
      const names = await readdir(paths.evidence(collector)).catch((): string[] => []);
      for (const name of names.toSorted())
        if (isMemberName(name) && !later.includes(name))
          order({ kind: "member", path: `${EVIDENCE_FOLDER}/${collector}/${name}` });
    },
    core,
    asWritten: encryptsCores ? undefined : core,
    quiet: async () => {
      order({ kind: "quiet" });
      if ((await Promise.race([isQuiet, gone, delay(QUIET_MS)])) === "quiet") return;
      child.kill("SIGKILL");
      await gone;
    },
    end: async (signal) => {
      order({ kind: "end" });
      child.stdin?.end();
      const stopped = signal && !signal.aborted ? once(signal, "abort") : undefined;
      await Promise.race([gone, ...(stopped ? [stopped] : [])]);
      child.kill("SIGKILL");
    },
  };
}
