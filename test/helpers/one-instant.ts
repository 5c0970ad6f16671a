// Whether a copy, and a core, is of one instant: the copy beside its target while both stand, and pages that one thread writes
// one after the other. The tests and bench:core-truth share it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { discard, makeCopy } from "../../src/core/ptrace/copy.ts";
import { findGadgets } from "../../src/core/ptrace/gadgets.ts";
import type { System } from "../../src/core/ptrace/system.ts";
import { holdThreads } from "../../src/core/ptrace/threads.ts";
import { parseMaps, type Area } from "../../src/parsers/proc-maps.ts";
import { PAIRS } from "./core-target.ts";

/** Makes and drops memory all the time, so that V8 maps and unmaps chunks while anybody looks. */
const busy = (objects: number) => `
  const kept = [];
  const work = () => {
    for (let n = 0; n < 4000; n++) kept.push({ n, text: "object " + n, list: [n, n + 1, n + 2] });
    if (kept.length > ${objects}) kept.length = 0;
    setImmediate(work);
  };
  work();
  setTimeout(() => console.log("up"), 300);
`;

const PIECE = 1 << 20;

/** Bytes of an area in which two processes differ; -1 when one of them cannot be read. */
function differences(area: Area, one: number, other: number, skip: readonly Range[]): number {
  let found = 0;
  const [a, b] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
  for (let at = area.start; at < area.end; at += PIECE) {
    const length = Math.min(PIECE, area.end - at);
    for (const [file, bytes] of [
      [one, a],
      [other, b],
    ] as const)
      if (readSync(file, bytes, 0, length, at) !== length) return -1;
    if (a.compare(b, 0, length, 0, length) === 0) continue;
    for (let byte = 0; byte < length; byte++)
      if (a[byte] !== b[byte] && !skip.some(({ from, to }) => at + byte >= from && at + byte < to)) found++;
  }
  return found;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A Node that allocates all the time, and drops all it has after so many objects. */
export async function startBusyNode(objects = 400_000) {
  const child = spawn(process.execPath, ["-e", busy(objects)], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, end: () => void child.kill("SIGKILL") };
}

export interface ComparedCopy {
  readonly areas: number;
  readonly bytes: number;
  /** Areas that are in no copy. */
  readonly left: readonly Area[];
  readonly forkableAreas: number;
  /** Areas that are not byte for byte what the target has; -1 bytes: cannot be read. */
  readonly broken: readonly { readonly area: Area; readonly found: number }[];
}

/** Makes a copy and holds it against its target, area by area, while both stand. */
export function compareCopy(system: System, pid: number): ComparedCopy {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const gadgets = findGadgets(memory, parseMaps(readFileSync(`/proc/${pid}/maps`, "latin1")));
  if (gadgets === undefined) throw new Error("no C library");
  const held = holdThreads(system, pid);
  held.stop(2000);
  const made = makeCopy({
    system,
    pid,
    stopped: held.stopped(),
    gadgets,
    isFiltered: false,
    timeoutMs: 10_000,
  });
  const { copy, discarded, areas, left, saved, forkableAreas } = made;
  const copied = openSync(`/proc/${copy.pid}/mem`, "r");
  const skip = saved.map(({ address, bytes }) => ({ from: address, to: address + bytes.length }));
  const readable = areas.filter(
    ({ name, permissions }) => permissions[0] === "r" && permissions[3] === "p" && !name.startsWith("[v"),
  );
  const results = readable.map((area) => ({ area, found: differences(area, memory, copied, skip) }));
  held.release();
  for (const file of [memory, copied]) closeSync(file);
  for (const one of [copy, ...discarded]) discard(one.pid);
  for (const one of [copy, ...discarded]) system.wait(one.pid, 2000);
  return {
    areas: readable.length,
    bytes: readable.reduce((sum, { start, end }) => sum + end - start, 0),
    left,
    forkableAreas,
    broken: results.filter(({ found }) => found !== 0),
  };
}

/** rseq(2): the kernel notes the CPU in the control block of the thread that ran the chain; nothing else may differ. */
export function isOneInstant({ left, broken }: ComparedCopy): boolean {
  return left.length === 0 && broken.length <= 1 && broken.every(({ found }) => found > 0 && found <= 32);
}

/** Pairs of pages, the first of which is written just before the second, that no instant can have had; `read` gives 8 bytes. */
export function brokenPairs(pairs: number, read: (address: number) => Buffer): string[] {
  return Array.from({ length: PAIRS }, (_, pair) => {
    const head = read(pairs + pair * 4096).readBigUInt64LE();
    const tail = read(pairs + (2 * PAIRS - 1 - pair) * 4096).readBigUInt64LE();
    return head - tail === 0n || head - tail === 1n ? "" : `pair ${pair}: ${head} and ${tail}`;
  }).filter(Boolean);
}
