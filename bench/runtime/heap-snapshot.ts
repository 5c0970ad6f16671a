// What a heap snapshot costs a Node process, beside the price that is told before it: `priceOf` must not be below it.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { priceOf } from "../../src/collectors/heap-snapshot/price.ts";
import { look, startNode } from "../../test/helpers/node-target.ts";
import { t } from "./cleanup.ts";

const MIB = 1024 ** 2;

/** Small objects are the dearest: the cost is in their number. Long texts are cheap. */
const HEAPS = {
  "small objects": (thousands: number) =>
    `class Small { constructor(i) { this.text = "x" + i; this.i = i; } } globalThis.kept = Array.from({ length: ${thousands}000 }, (_, i) => new Small(i));`,
  "long texts": (thousands: number) =>
    `globalThis.kept = Array.from({ length: ${thousands}00 }, (_, i) => Buffer.from(String(i).repeat(200)).toString("latin1"));`,
} as const;

export interface SnapshotCost {
  readonly usedMib: number;
  readonly pausedMs: number;
  readonly priceMs: number;
  readonly memoryTimes: number;
  readonly fileTimes: number;
  /** Nothing of it was dearer than was told. */
  readonly isWithin: boolean;
}

export async function snapshotCost(
  binary: string,
  kind: keyof typeof HEAPS,
  thousands: number,
): Promise<SnapshotCost> {
  const flags = ["--max-old-space-size=4000"];
  const target = await startNode(
    t,
    `${HEAPS[kind](thousands)} console.log("up"); setInterval(() => {}, 1000);`,
    {
      binary,
      flags,
    },
  );
  const folder = mkdtempSync(join(tmpdir(), "exhibit-bench-snapshot-"));
  const path = join(folder, "heap.heapsnapshot");
  writeFileSync(path, "");
  const { inspection, leave } = await look(t, target.pid);
  const residentBefore = memoryOf(target.pid, "VmRSS");
  const usedBytes = await inspection.heap.usedBytes();
  const pausedMs = await inspection.heap.snapshot(
    async (text) => appendFileSync(path, text),
    new AbortController().signal,
  );
  const memoryBytes = memoryOf(target.pid, "VmHWM") - residentBefore;
  const fileBytes = statSync(path).size;
  await leave();
  target.child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
  const price = priceOf(usedBytes);
  return {
    usedMib: usedBytes / MIB,
    pausedMs,
    priceMs: price.pauseMs,
    memoryTimes: memoryBytes / usedBytes,
    fileTimes: fileBytes / usedBytes,
    isWithin: pausedMs <= price.pauseMs && memoryBytes <= price.memoryBytes && fileBytes <= price.sizeBytes,
  };
}

function memoryOf(pid: number, field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
}
