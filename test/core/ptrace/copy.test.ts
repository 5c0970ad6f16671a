import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { test } from "node:test";
import { discard, makeCopy } from "../../../src/core/ptrace/copy.ts";
import { findGadgets } from "../../../src/core/ptrace/gadgets.ts";
import { openSystem } from "../../../src/core/ptrace/system.ts";
import { holdThreads } from "../../../src/core/ptrace/threads.ts";
import { parseMaps, type Area } from "../../../src/parsers/proc-maps.ts";

/** Makes and drops memory all the time, so that V8 maps and unmaps chunks while anybody looks. */
const BUSY = `
  const kept = [];
  const work = () => {
    for (let n = 0; n < 4000; n++) kept.push({ n, text: "object " + n, list: [n, n + 1, n + 2] });
    if (kept.length > 400000) kept.length = 0;
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

test("a copy of a Node that allocates all the time has every area of that instant, byte for byte", async (t) => {
  const child = spawn(process.execPath, ["-e", BUSY], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const system = await openSystem();

  for (let round = 0; round < 5; round++) {
    const memory = openSync(`/proc/${pid}/mem`, "r");
    const gadgets = findGadgets(memory, parseMaps(readFileSync(`/proc/${pid}/maps`, "latin1")));
    assert.ok(gadgets);
    const held = holdThreads(system, pid);
    held.stop(2000);
    const { copy, discarded, areas, left, saved, forkableAreas } = makeCopy({
      system,
      pid,
      stopped: held.stopped(),
      gadgets,
      isFiltered: false,
      timeoutMs: 10_000,
    });
    const copied = openSync(`/proc/${copy.pid}/mem`, "r");
    const skip = saved.map(({ address, bytes }) => ({ from: address, to: address + bytes.length }));
    // While both stand: what the target has, and what the copy has of it.
    const readable = areas.filter(
      ({ name, permissions }) => permissions[0] === "r" && permissions[3] === "p" && !name.startsWith("[v"),
    );
    const results = readable.map((area) => ({ area, found: differences(area, memory, copied, skip) }));
    held.release();
    for (const file of [memory, copied]) closeSync(file);
    for (const one of [copy, ...discarded]) discard(one.pid);
    for (const one of [copy, ...discarded]) system.wait(one.pid, 2000);

    assert.deepEqual(left, []);
    assert.ok(forkableAreas > 20, "V8's heap is marked MADV_DONTFORK");
    const broken = results.filter(({ found }) => found !== 0);
    // rseq(2): the kernel notes the CPU in one thread's control block.
    assert.ok(
      broken.length <= 1 && broken.every(({ found }) => found > 0 && found <= 32),
      JSON.stringify(broken),
    );
  }
});
