// A core with almost no pause: all threads stop, one makes a copy of the process, all go on; the core is read out of the
// copy. It reads top to bottom. What must stay true is in copy.ts, run-chain.ts and chain.ts.
import { closeSync, openSync } from "node:fs";
import { ExhibitError, messageOf } from "../../errors.ts";
import { uncovered, type Area } from "../../parsers/proc-maps.ts";
import { dumpedBytes } from "../elf/dump-rule.ts";
import { discard, makeCopy, type Copy } from "../ptrace/copy.ts";
import { findGadgets, type Gadgets } from "../ptrace/gadgets.ts";
import { ChainBrokenError } from "../ptrace/run-chain.ts";
import { holdThreads } from "../ptrace/threads.ts";
import type { System } from "../ptrace/system.ts";
import { Aborted } from "./aborted.ts";
import { endCopy, reap } from "./end-copy.ts";
import { estimateCore } from "./estimate.ts";
import { readHeadroom } from "./headroom.ts";
import { listModules } from "./modules.ts";
import { openOutput } from "./output.ts";
import { reasonNotToCopy, reasonNotToStop } from "./preflight.ts";
import { readRegisters } from "./registers.ts";
import type { HelperRequest, Hooks, Talk } from "./request.ts";
import { detachCopy } from "./standing-copy.ts";
import { assertUnchanged, readSmaps, readTarget, type TargetFacts } from "./target.ts";
import { describe, saveUnfrozen, type Unfrozen } from "./unfrozen.ts";
import { coreFaults, writeCore } from "./write-core.ts";

/** A thread stops in less than a millisecond, or waits where no signal reaches it. */
const STOP_MS = 500;
/** A fork of many gigabytes on a busy host; the chain ends by itself should it take longer. */
const CHAIN_MS = 60_000;
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

function findCode({ pid, areas }: TargetFacts): Gadgets {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    const gadgets = findGadgets(memory, areas);
    if (gadgets === undefined)
      throw new ExhibitError("the target has no C library in which a copy could be made");
    return gadgets;
  } finally {
    closeSync(memory);
  }
}

interface Work {
  readonly request: HelperRequest;
  readonly target: TargetFacts;
  readonly gadgets: Gadgets;
  readonly hooks: Hooks;
}

/** The pause. Whatever happens in it, every thread goes on. */
function pauseAndCopy(system: System, { request, target, gadgets, hooks }: Work) {
  const { pid } = request;
  const held = holdThreads(system, pid);
  hooks.onStep?.("seized");
  const begun = performance.now();
  const copies: Copy[] = [];
  try {
    held.stop(Math.min(STOP_MS, request.maxPauseMs));
    const stopMs = performance.now() - begun;
    hooks.onStep?.("stopped");
    const stopped = held.stopped();
    assertUnchanged(target);
    const result = makeCopy({
      system,
      pid,
      stopped,
      gadgets,
      isFiltered: /:\s*2$/.test(target.status.lines.get("Seccomp") ?? ""),
      timeoutMs: CHAIN_MS,
      onCopy: (copy) => copies.push(copy),
      ...(hooks.onStep ? { onStep: hooks.onStep } : {}),
    });
    const threads = readRegisters(system, pid, stopped);
    const memory = openSync(`/proc/${pid}/mem`, "r");
    let unfrozen: Unfrozen;
    try {
      unfrozen = saveUnfrozen({ ...result, memory, known: target.areas, filter: target.filter });
    } finally {
      closeSync(memory);
    }
    held.release();
    const pauseMs = performance.now() - begun;
    return { ...result, threads, unfrozen, saved: [...result.saved, ...unfrozen.saved], pauseMs, stopMs };
  } catch (error) {
    held.release();
    const pausedMs = performance.now() - begun;
    // The thread ends its chain by itself once we are gone, and the copies with us.
    if (error instanceof ChainBrokenError) throw new Aborted(messageOf(error), { pausedMs, mustEnd: true });
    for (const copy of copies) endCopy(system, copy);
    if (copies.length > 0) reap(system, { request, gadgets, hooks, copies, by: undefined });
    throw new Aborted(messageOf(error), { pausedMs, mustEnd: false });
  }
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
