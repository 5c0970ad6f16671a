// Kills `exhibit push` at random moments of uploads to a real store and looks at what the store has in the end: the test
// and the benchmark share it.
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import type { S3StoreSettings } from "../../src/settings.ts";
import { CLI } from "./exhibit.ts";
import type { TestStore } from "./s3-store.ts";
import { captureId, sealBundle, sha256, type Sealed } from "./sealed-bundle.ts";

const MIB = 1024 ** 2;

export interface UploadKills {
  readonly kills: number;
  readonly bundles: number;
  /** Sent through the proxy beyond what the bundles have, divided by the kills. */
  readonly resentMibPerKill: number;
  readonly mostResentMib: number;
  readonly problems: readonly string[];
}

export interface PushBox {
  readonly spool: string;
  readonly start: (...args: readonly string[]) => ChildProcess & { readonly output: () => string };
  /** Runs to the end; resolves with the exit status. */
  readonly push: (
    ...args: readonly string[]
  ) => Promise<{ readonly status: number; readonly output: string }>;
  readonly remove: () => void;
}

/** A spool and settings with one S3 store, for the built program. */
export function openPushBox(settings: S3StoreSettings): PushBox {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-push-"));
  const config = join(folder, "exhibit.yaml");
  const spool = join(folder, "spool");
  const yaml = {
    version: 1,
    store: { default: settings },
    spool: { path: spool, keepFree: "1%" },
    incidents: [{ match: ".*", type: "file", path: join(folder, "incidents") }],
  };
  writeFileSync(config, JSON.stringify(yaml), { mode: 0o600 });
  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [CLI, "push", ...args, "--no-note", "--config", config], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let output = "";
    child.stderr.on("data", (data) => (output += String(data)));
    return Object.assign(child, { output: () => output });
  };
  return {
    spool,
    start,
    push: async (...args) => {
      const child = start(...args);
      const [status] = await once(child, "exit");
      return { status: Number(status ?? -1), output: child.output() };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A bundle that is meant for the store `default`, with a core and a heap snapshot of these sizes. */
export function sealForStore(spool: string, coreMib: number, tail = randomBytes(3).toString("hex")): Sealed {
  return sealBundle(spool, {
    id: captureId(tail),
    store: "default",
    evidence: {
      "evidence/core/core.zst": randomBytes(coreMib * MIB),
      "evidence/runtime/heap.zst": randomBytes(Math.ceil((coreMib * MIB) / 5)),
      "evidence/sockets/ss.txt": "ESTAB 0 0\n",
      "evidence/process/empty.txt": "",
    },
  });
}

/** What is wrong with a bundle in the store: each file that is missing, changed or too many. */
export async function faultsInStore(
  at: TestStore,
  bucket: string,
  sealed: Sealed,
): Promise<readonly string[]> {
  const found = new Map<string, string>();
  const listed = await at.outside.listObjectsV2({ Bucket: bucket });
  for (const { Key = "" } of listed.Contents ?? []) {
    const path = Key.split(`${sealed.captureId}/`)[1];
    if (path === undefined) continue;
    const { Body } = await at.outside.getObject({ Bucket: bucket, Key });
    if (found.has(path)) return [`${path} is there twice`];
    found.set(path, sha256((await Body?.transformToByteArray()) ?? "none"));
  }
  const wanted = new Map(sealed.manifest.files.map((file) => [file.path, file.sha256]));
  wanted.set("manifest.json", sealed.manifestSha256);
  return [
    ...[...wanted].flatMap(([path, digest]) =>
      found.get(path) === digest ? [] : [`${path}: ${found.get(path)}`],
    ),
    ...[...found.keys()].flatMap((path) => (wanted.has(path) ? [] : [`${path} is too many`])),
    ...(await at.unfinished()).map((id) => `dangling upload ${id}`),
  ];
}

/** Kills until there were so many; each bundle is pushed until it is there, whatever happens to it on the way. */
export async function uploadKillRounds(
  at: TestStore,
  { bucket, kills, coreMib }: { readonly bucket: string; readonly kills: number; readonly coreMib: number },
  onKill: (kills: number) => void = () => undefined,
): Promise<UploadKills> {
  const { proxy } = at;
  const box = openPushBox(at.settings({ endpoint: proxy.endpoint }));
  const problems: string[] = [];
  const resent: number[] = [];
  let [done, bundles] = [0, 0];
  // One undisturbed run says how long a run takes.
  sealForStore(box.spool, coreMib);
  const begunMs = performance.now();
  const whole = await box.push();
  const wholeMs = performance.now() - begunMs;
  if (whole.status !== 0) problems.push(`the undisturbed run ended with ${whole.status}: ${whole.output}`);
  try {
    while (done < kills && problems.length === 0) {
      const sealed = sealForStore(box.spool, coreMib);
      const bytes = sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
      const before = proxy.sentBytes();
      let killed = 0;
      for (let attempt = 0; attempt < 60; attempt++) {
        const child = box.start();
        const exited = once(child, "exit");
        const timer = setTimeout(() => child.kill("SIGKILL"), 200 + Math.random() * wholeMs);
        const [status, signal] = await exited;
        clearTimeout(timer);
        if (signal === null && status !== 0) problems.push(`push ended with ${status}: ${child.output()}`);
        if (signal === null) break;
        killed += 1;
        onKill(done + killed);
        // What the last one keeps alive must not block it for ever, and a test neither.
        if (done + killed >= kills) {
          const last = await box.push();
          if (last.status !== 0) problems.push(`the last push ended with ${last.status}: ${last.output}`);
          break;
        }
      }
      bundles += 1;
      done += killed;
      if (killed > 0) resent.push(Math.max(0, proxy.sentBytes() - before - bytes) / MIB / killed);
      problems.push(...(await faultsInStore(at, bucket, sealed)));
      await empty(at, bucket);
      rmSync(sealed.path, { recursive: true });
    }
  } finally {
    box.remove();
  }
  const sum = resent.reduce((total, one) => total + one, 0);
  return {
    kills: done,
    bundles,
    resentMibPerKill: resent.length === 0 ? 0 : sum / resent.length,
    mostResentMib: Math.max(0, ...resent),
    problems,
  };
}

/** The store of a test is in memory. */
async function empty(at: TestStore, bucket: string): Promise<void> {
  const listed = await at.outside.listObjectsV2({ Bucket: bucket });
  for (const { Key } of listed.Contents ?? [])
    if (Key !== undefined) await at.outside.deleteObject({ Bucket: bucket, Key });
}
