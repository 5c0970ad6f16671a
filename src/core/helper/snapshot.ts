// A core with almost no pause: all threads stop, one makes a copy of the process, all go on; the core is read out of the
// copy. It reads top to bottom. What must stay true is in copy.ts, run-chain.ts and chain.ts.
import { ExhibitError } from "../../errors.ts";
import { uncovered, type Area } from "../../parsers/proc-maps.ts";
import { dumpedBytes } from "../elf/dump-rule.ts";
import { discard } from "../ptrace/copy.ts";
import type { System } from "../ptrace/system.ts";
import { endCopy, reap } from "./end-copy.ts";
import { estimateCore } from "./estimate.ts";
import { readHeadroom } from "./headroom.ts";
import { listModules } from "./modules.ts";
import { openOutput } from "./output.ts";
import { findCode, pauseAndCopy } from "./pause.ts";
import { reasonNotToCopy, reasonNotToStop } from "./preflight.ts";
import { rehearse } from "./rehearsal.ts";
import type { HelperRequest, Hooks, Talk } from "./request.ts";
import { detachCopy } from "./standing-copy.ts";
import { readSmaps, readTarget, type TargetFacts } from "./target.ts";
import { describe } from "./unfrozen.ts";
import { coreFaults, writeCore } from "./write-core.ts";

const MEMORY_FLOOR_BYTES = 32 * 1024 ** 2;
const LOOK_MS = 100;

/** Takes a core by snapshot. Throws ExhibitError when it is refused or fails; the target goes on in every case. */
export async function takeSnapshot(
  system: System,
  request: HelperRequest,
  talk: Talk,
  hooks: Hooks = {},
): Promise<void> {
  let target = readTarget(request.pid, request.startTime);
  const reason = (await reasonNotToStop(target)) ?? reasonNotToCopy(target);
  if (reason !== undefined) throw new ExhibitError(reason);
  const gadgets = findCode(target);
  await rehearse(system);
  const estimate = estimateCore(target, "snapshot", { toFile: request.path !== undefined });
  // Whatever cannot be opened is found out before anything is stopped.
  const output = openOutput(request.path);
  talk.tell({
    event: "ready",
    estimate,
    modules: listModules(target),
    areas: target.areas.length,
    residentBytes: target.status.residentBytes ?? 0,
  });
  const beside = await talk.go();

  let paused = pauseAndCopy(system, { request, target, gadgets, hooks });
  hooks.onStep?.("released");
  const { copy } = paused;
  const dead = paused.discarded.map((one) => endCopy(system, one));
  const watch = watchMemory(request.pid, copy.pid);
  try {
    const detached = detachCopy(system, { target, copy: copy.pid, beside });
    const { pauseMs, stopMs, windowMs } = paused;
    const threads = paused.threads.map(({ id }) => id);
    talk.tell({ event: "standing", pauseMs, stopMs, windowMs, threads, ...detached });

    const areas = withSaved(readSmaps(copy.pid), paused, target);
    const missing = [...paused.unfrozen.missing, ...lost(paused.areas, areas, target)];
    const { saved } = paused;
    // The lists of before are of no more use: some MB of a Node process of 4 GB, for as long as the core streams.
    target = { ...target, areas: [] };
    paused = { ...paused, areas: [], left: [] };
    globalThis.gc?.();
    const signal = AbortSignal.any([talk.ended, watch.signal]);
    const written = await writeCore({ ...paused, target, areas, from: copy.pid, saved, output, signal });
    const problems = coreFaults(written, { missing, writtenBytes: output.writtenBytes() });
    const late = paused.unfrozen.late.reduce((sum, { start, end }) => sum + end - start, 0);
    const remarks = late > 0 ? [`${late} bytes of shared memory are of a later moment than the rest`] : [];
    dead.push(endCopy(system, copy));
    const reaped = reap(system, { request, gadgets, copies: dead, hooks, by: paused.thread });
    const peakResidentBytes = process.resourceUsage().maxRSS * 1024;
    talk.tell({ event: "complete", ...tell(written), pauseMs, problems, remarks, peakResidentBytes, reaped });
  } catch (error) {
    if (!dead.includes(copy)) dead.push(endCopy(system, copy));
    reap(system, { request, gadgets, copies: dead, hooks, by: paused.thread });
    throw error;
  } finally {
    watch.stop();
  }
}

function tell(written: Awaited<ReturnType<typeof writeCore>>) {
  const { coreBytes, headBytes, readBytes, holeBytes, failedBytes, segments, streamMs } = written;
  return { coreBytes, headBytes, readBytes, holeBytes, failedBytes, segments, streamMs };
}

/** Areas that were saved: those that no copy has in their places, and what a copy has as zeros as it was before. */
function withSaved(
  copied: ReturnType<typeof readSmaps>,
  {
    left,
    saved,
  }: { readonly left: readonly Area[]; readonly saved: readonly { readonly address: number }[] },
  target: TargetFacts,
) {
  const known = new Map(target.areas.map((area) => [area.start, area]));
  const kept = new Set(saved.map(({ address }) => address));
  const added = left
    .filter(({ start }) => kept.has(start))
    .map((area) => describe(area, known.get(area.start)));
  const all = copied.map((area) => (kept.has(area.start) ? describe(area, known.get(area.start)) : area));
  return added.length === 0 ? all : [...all, ...added].toSorted((a, b) => a.start - b.start);
}

/** Areas that the target had in the pause, that belong into the core, and that are not in it. */
function lost(had: readonly Area[], got: readonly Area[], { areas, filter }: TargetFacts): readonly Area[] {
  const known = new Map(areas.map((area) => [area.start, area]));
  return uncovered(had, got).filter((area) => dumpedBytes(describe(area, known.get(area.start)), filter) > 0);
}

/** Looks how much memory is left while the copy exists: it is the first to go. */
function watchMemory(target: number, copy: number) {
  const short = new AbortController();
  const timer = setInterval(() => {
    const headroom = readHeadroom(target);
    if (headroom === undefined || headroom.bytes >= MEMORY_FLOOR_BYTES) return;
    discard(copy);
    short.abort(`memory got short ${headroom.where}, so the copy was given up`);
  }, LOOK_MS);
  return { signal: short.signal, stop: () => clearInterval(timer) };
}
