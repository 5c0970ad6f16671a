// The copy of the target: a child by one raw clone, which never runs an instruction of the target's. It stands from its first
// moment to its last; should it be let go by accident, its own chain ends it (chain.ts). What must stay true: the areas that
// a copy leaves out are found by looking at a copy, so that the marks are taken off those areas alone and put back on them,
// whatever was mapped since anybody last looked.
import { closeSync, openSync, readSync } from "node:fs";
import { ExhibitError } from "../../errors.ts";
import { parseMaps, uncovered, type Area } from "../../parsers/proc-maps.ts";
import { chooseThreads } from "./choose-thread.ts";
import { ANY_NOW, assertAllowed, CHILD_CALLS, cloneOn, MADV_DOFORK, MADV_DONTFORK } from "./copy-calls.ts";
import { hasGadgets, readArea, type Gadgets } from "./gadgets.ts";
import { runChain, type ChainOutcome, type ChainStep } from "./run-chain.ts";
import type { System } from "./system.ts";
import { FRAME_BYTES, MOST_EXTENDED_BYTES, Syscall, type Call } from "./x86-64.ts";

/** Groups of neighbouring areas: V8 has 4 to 102 of them (measured). A chain of more would need too much stack. */
const MOST_GROUPS = 400;

export interface Copy {
  readonly pid: number;
  /** Its pid as the target sees it, for wait4. */
  readonly pidInside: number;
}

export interface CopyRequest {
  readonly system: System;
  readonly pid: number;
  /** All threads of the target; they stand. */
  readonly stopped: readonly number[];
  readonly gadgets: Gadgets;
  /** Of /proc/PID/status: the target has seccomp filters. */
  readonly isFiltered: boolean;
  readonly timeoutMs: number;
  readonly onStep?: (step: ChainStep) => void;
  /** As in run-chain.ts; called for each copy. */
  readonly meanwhile?: (thread: number) => void;
  /** Told of every copy at once, whatever comes after. */
  readonly onCopy?: (copy: Copy) => void;
}

export interface CopyResult {
  readonly copy: Copy;
  /** Incomplete copies that came before it; dead, and to be waited for by the target. */
  readonly discarded: readonly Copy[];
  /** The areas of the target in that moment. */
  readonly areas: readonly Area[];
  /** Areas of `areas` that a copy does not have. */
  readonly left: readonly Area[];
  readonly windowMs: number;
  readonly thread: number;
  /** What the stack held where a chain was written: the copy has the chain there. */
  readonly saved: readonly ChainOutcome["saved"][];
  readonly forkableAreas: number;
}

/**
 * Makes the copy. Throws ExhibitError when the target must not be touched, and has not been; ChainBrokenError when this
 * process must end (run-chain.ts).
 */
export function makeCopy(request: CopyRequest): CopyResult {
  const { system, pid } = request;
  const memory = openSync(`/proc/${pid}/mem`, "r+");
  try {
    if (!hasGadgets(memory, request.gadgets)) throw new ExhibitError("the target has begun another program");
    const text = readMaps(pid);
    const areas = parseMaps(text);
    const chainBytes = MOST_EXTENDED_BYTES + FRAME_BYTES * 8;
    const look = { pid, stopped: request.stopped, areas, memory: (at: number) => readWord(memory, at) };
    const { threads, reason } = chooseThreads(system, { ...look, chainBytes });
    const [thread] = threads;
    if (thread === undefined) throw new ExhibitError(reason ?? "none of its threads can make a copy");
    if (request.isFiltered) assertAllowed(system, thread, request.gadgets);
    const copyBy = (calls: (childStack: bigint) => readonly Call[], at: number) =>
      runChain({ ...request, thread: at, memory, calls, childCalls: CHILD_CALLS });

    const first = copyBy((stack) => [cloneOn(stack)], thread);
    const copy = copyOf(first, 0);
    request.onCopy?.(copy);
    const saved = [first.saved];
    const copied = readMaps(copy.pid);
    if (copied === text)
      return {
        copy,
        discarded: [],
        areas,
        left: [],
        windowMs: first.windowMs,
        thread,
        saved,
        forkableAreas: 0,
      };

    const left = uncovered(areas, parseMaps(copied));
    const forkable = left.filter(isForkable);
    if (forkable.length === 0)
      return { copy, discarded: [], areas, left, windowMs: first.windowMs, thread, saved, forkableAreas: 0 };

    discard(copy.pid);
    const groups = groupAreas(areas, new Set(forkable));
    if (groups.length > MOST_GROUPS)
      throw new ExhibitError(`memory that a copy leaves out lies in ${groups.length} places`);
    const advise = (advice: bigint) =>
      groups.map(({ start, end }) => ({
        number: Syscall.madvise,
        arguments: [BigInt(start), BigInt(end - start), advice],
      }));
    const needed = chainBytes + FRAME_BYTES * groups.length * 2;
    const [roomy] = chooseThreads(system, { ...look, chainBytes: needed }).threads;
    if (roomy === undefined) throw new ExhibitError("its threads' stacks have no room");
    const second = copyBy(
      (stack) => [...advise(MADV_DOFORK), cloneOn(stack), ...advise(MADV_DONTFORK)],
      roomy,
    );
    const whole = copyOf(second, groups.length);
    request.onCopy?.(whole);
    return {
      copy: whole,
      discarded: [copy],
      areas,
      left: left.filter((area) => !isForkable(area)),
      windowMs: first.windowMs + second.windowMs,
      thread: roomy,
      saved: [second.saved],
      forkableAreas: forkable.length,
    };
  } finally {
    closeSync(memory);
  }
}

/** The copy that a chain made. Throws ExhibitError when the kernel refused; the target is then as it was. */
function copyOf({ results, child }: ChainOutcome, index: number): Copy {
  const result = results[index] ?? 0;
  if (result < 0)
    throw new ExhibitError(`the kernel refuses a copy: ${refusals.get(-result) ?? `errno ${-result}`}`);
  if (child === undefined) throw new ExhibitError("the kernel does not tell of the copy");
  return { pid: child, pidInside: result };
}

const refusals: ReadonlyMap<number, string> = new Map([
  [11, "EAGAIN, the limit of processes is reached"],
  [12, "ENOMEM, not enough memory to promise (vm.overcommit_memory)"],
]);

export function discard(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/**
 * Collects dead copies in the target, which nobody else could: without it a zombie stays until the target ends. Undefined
 * when none of the stopped threads will do.
 */
export function reapCopies(
  request: Omit<CopyRequest, "meanwhile"> & { readonly copies: readonly Copy[] },
): readonly number[] | undefined {
  const { system, pid } = request;
  const memory = openSync(`/proc/${pid}/mem`, "r+");
  try {
    if (!hasGadgets(memory, request.gadgets)) throw new ExhibitError("the target has begun another program");
    const [thread] = chooseThreads(system, {
      pid,
      stopped: request.stopped,
      areas: parseMaps(readMaps(pid)),
      memory: (at) => readWord(memory, at),
      chainBytes: MOST_EXTENDED_BYTES + FRAME_BYTES * 8,
    }).threads;
    if (thread === undefined) return undefined;
    const calls = () =>
      request.copies.map(({ pidInside }) => ({
        number: Syscall.wait4,
        arguments: [BigInt(pidInside), 0n, ANY_NOW, 0n],
      }));
    return runChain({ ...request, thread, memory, calls, childCalls: [] }).results;
  } finally {
    closeSync(memory);
  }
}

/** All of it at once, so that it is read while nothing changes. */
function readMaps(pid: number): string {
  const file = openSync(`/proc/${pid}/maps`, "r");
  try {
    const parts: string[] = [];
    const bytes = Buffer.allocUnsafe(1024 ** 2);
    for (let got = readSync(file, bytes); got > 0; got = readSync(file, bytes))
      parts.push(bytes.toString("latin1", 0, got));
    return parts.join("");
  } finally {
    closeSync(file);
  }
}

function readWord(memory: number, address: number): bigint | undefined {
  const bytes = readArea(memory, address, 8);
  return bytes.length === 8 ? bytes.readBigUInt64LE() : undefined;
}

/** Private memory without a file: what V8 and others mark MADV_DONTFORK for speed. The marks of devices protect transfers. */
function isForkable({ inode, permissions, name }: Area): boolean {
  return inode === 0 && permissions[3] === "p" && !name.startsWith("/") && !name.startsWith("[v");
}

/**
 * Neighbours among the areas as one range each. Holes in between do no harm: madvise(2) tells ENOMEM and takes all that is
 * mapped.
 */
function groupAreas(areas: readonly Area[], chosen: ReadonlySet<Area>): { start: number; end: number }[] {
  const groups: { start: number; end: number }[] = [];
  let isOpen = false;
  for (const area of areas) {
    const last = groups.at(-1);
    if (!chosen.has(area)) isOpen = false;
    else if (isOpen && last) last.end = area.end;
    else {
      groups.push({ start: area.start, end: area.end });
      isOpen = true;
    }
  }
  return groups;
}
