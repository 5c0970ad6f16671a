// A process of C to take cores of (test/fixtures/core/target.c), and what it says of itself in a page that it shares.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { parseProcStat } from "../../src/parsers/proc-stat.ts";
import { until } from "./until.ts";

const Told = z.strictObject({
  pid: z.number(),
  pairs: z.number(),
  watched: z.number(),
  shared: z.number(),
  apart: z.number(),
  wiped: z.number(),
  hidden: z.number(),
  memory: z.number(),
  planted: z.string(),
});

export interface CoreTarget {
  readonly pid: number;
  readonly startTime: string;
  readonly program: string;
  readonly child: ChildProcess;
  readonly told: z.infer<typeof Told>;
  /** Beats go on; the others count what must never be. */
  readonly look: () => { readonly beats: number; readonly strayed: number; readonly wrong: number };
  /** Calls of its ring that came back. */
  readonly completed: () => number;
  /** Where its huge page, or its mapping of a file, lies. */
  readonly extra: () => number;
  readonly longestGapMs: () => number;
  readonly end: () => void;
}

export const PAIRS = 1024;

/** Compiles a program of test/fixtures/core; resolves with its path in a folder that `remove` takes away. */
export function compile(name: string): { readonly program: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-target-"));
  const program = join(folder, name);
  const source = new URL(`../fixtures/core/${name}.c`, import.meta.url).pathname;
  execFileSync("gcc", ["-O1", "-g", "-pthread", "-o", program, source]);
  return { program, remove: () => rmSync(folder, { recursive: true }) };
}

export function startTimeOf(pid: number): string {
  return parseProcStat(readFileSync(`/proc/${pid}/stat`, "latin1"))?.startTime ?? "";
}

/** `before` are words in front of the program, such as unshare(1). */
export async function startCoreTarget(
  program: string,
  args: readonly string[] = ["16"],
  before: readonly string[] = [],
): Promise<CoreTarget> {
  const [file = "", ...rest] = [...before, program, ...args];
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => assert.fail("the target ended")),
  ]);
  const told = Told.parse(JSON.parse(String(line)));
  // In a pid namespace it knows another pid than we do.
  const pid = before.length === 0 ? told.pid : lastOf(child.pid ?? 0);
  const words = () => {
    const memory = openSync(`/proc/${pid}/mem`, "r");
    const bytes = Buffer.alloc(48);
    readSync(memory, bytes, 0, 48, told.watched);
    closeSync(memory);
    return [0, 8, 16, 24, 32, 40].map((at) => Number(bytes.readBigUInt64LE(at)));
  };
  return {
    pid,
    startTime: startTimeOf(pid),
    program,
    child,
    told,
    look: () => {
      const [beats = 0, strayed = 0, wrong = 0] = words();
      return { beats, strayed, wrong };
    },
    completed: () => words()[4] ?? 0,
    extra: () => words()[5] ?? 0,
    longestGapMs: () => (words()[3] ?? 0) / 1e6,
    end: () => {
      for (const one of [pid, child.pid ?? 0])
        try {
          process.kill(one, "SIGKILL");
        } catch {
          // It has ended.
        }
    },
  };
}

/** The youngest of a line of only children. */
function lastOf(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean);
  return child === undefined ? pid : lastOf(Number(child));
}

/** VmFlags of every area: what a copy changes for an instant must be as it was. */
export function flagsOf(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/smaps`, "latin1").split("\n");
  return lines.filter((line) => /^(?:[0-9a-f]+-|VmFlags:)/.test(line)).join("\n");
}

/** Children of a process with their states. */
export function childrenOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
}

/** Throws unless the target runs on with its own registers, calls and VmFlags. */
export async function goesOn(target: CoreTarget, flags: string): Promise<void> {
  const { beats } = target.look();
  await until(() => target.look().beats > beats + 10, 30_000, "the target goes on");
  const { strayed, wrong } = target.look();
  assert.deepEqual({ strayed, wrong }, { strayed: 0, wrong: 0 });
  assert.equal(flagsOf(target.pid), flags);
}
