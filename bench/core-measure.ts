// One core each way of the same process, and what it cost.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { streamPacking } from "../src/core/compress.ts";
import { prepareCore } from "../src/core/core-helper.ts";
import { followStream } from "../src/core/follow-stream.ts";
import { verifyStream } from "../src/core/verify-stream.ts";
import { compile, startTimeOf } from "../test/helpers/core-target.ts";
import { HELPER } from "../test/helpers/take-core.ts";

export interface Measured {
  readonly gapMs: number;
  readonly pauseMs: number;
  readonly totalMs: number;
  readonly checkMs: number;
  readonly scratchBytes: number;
  readonly peakBytes: number;
  readonly storedBytes: number;
}

export interface BenchTarget {
  readonly pid: number;
  readonly kind: string;
  readonly threads: number;
  /** Milliseconds since the last call. */
  readonly longestGap: () => Promise<number>;
  /** Milliseconds of a fork(2) that the process makes by itself, which no snapshot by fork can be quicker than. C alone tells it. */
  readonly fork: (() => Promise<number>) | undefined;
  readonly end: () => void;
}

export async function startBenchTarget(
  kind: string,
  megabytes: number,
  folder: string,
): Promise<BenchTarget> {
  const compiled = kind === "c" ? compile("bench-target") : undefined;
  const argv =
    compiled === undefined
      ? ["--max-old-space-size=12000", join(import.meta.dirname, "core-target.mjs")]
      : [];
  const child = spawn(compiled?.program ?? process.execPath, [...argv, String(megabytes)], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: join(import.meta.dirname, ".."),
    env: { ...process.env, TMPDIR: folder },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const pid = child.pid ?? 0;
  const ask = async (word: string) => {
    child.stdin.write(`${word}\n`);
    return Number((await lines.next()).value);
  };
  const longestGap = () => ask("look");
  await longestGap();
  return {
    pid,
    kind,
    threads: readdirSync(`/proc/${pid}/task`).length,
    longestGap,
    fork: compiled && (() => ask("fork")),
    end: () => {
      child.kill("SIGKILL");
      compiled?.remove();
    },
  };
}

/** How long the process is seen stopped or traced, looked at every 2 ms. */
function watchStopped(pid: number) {
  let stoppedMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const now = performance.now();
    if (/^[tT]$/.test(stat[stat.lastIndexOf(")") + 2] ?? "")) stoppedMs += now - last;
    last = now;
  }, 2);
  return () => {
    clearInterval(timer);
    return stoppedMs;
  };
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
}

export async function measureGcore(target: BenchTarget, folder: string): Promise<Measured> {
  const plain = join(folder, `gcore.${target.pid}`);
  const packed = `${plain}.zst`;
  await target.longestGap();
  const begun = performance.now();
  const stop = watchStopped(target.pid);
  await run("gcore", ["-o", join(folder, "gcore"), String(target.pid)]);
  const pauseMs = stop();
  const scratchBytes = statSync(plain).blocks * 512;
  await run("zstd", ["-1", "-T2", "-q", "--rm", "-o", packed, plain]);
  const totalMs = performance.now() - begun;
  const gapMs = await target.longestGap();
  const storedBytes = statSync(packed).size;
  rmSync(packed);
  return { gapMs, pauseMs, totalMs, checkMs: 0, scratchBytes, peakBytes: 0, storedBytes };
}

export async function measureSnapshot(target: BenchTarget, folder: string): Promise<Measured> {
  const path = join(folder, "snapshot.zst");
  await target.longestGap();
  const begun = performance.now();
  const prepared = await prepareCore({
    pid: target.pid,
    startTime: startTimeOf(target.pid),
    method: "snapshot",
    maxPauseMs: 60_000,
    path,
    through: (await streamPacking(target.kind))?.through ?? [],
    runId: `bench-${process.pid}`,
    program: HELPER,
  });
  const memory = watchMemory(`bench-${process.pid}`);
  const { standing, finished } = await prepared.take();
  // As the collector does it.
  const check = availableParallelism() > 2 ? followStream(path) : undefined;
  const complete = await finished;
  const totalMs = performance.now() - begun;
  const checkedFrom = performance.now();
  const expected = { headBytes: complete.headBytes, threads: standing.threads };
  const verified = await (check?.finish(expected) ?? verifyStream(path, expected));
  const checkMs = performance.now() - checkedFrom;
  const problems = [...complete.problems, ...verified.problems];
  if (problems.length > 0 || !complete.reaped) throw new Error(`not a good core: ${problems.join("; ")}`);
  const scratchBytes = readdirSync(folder)
    .filter((name) => name !== "snapshot.zst")
    .reduce(
      (sum, name) => sum + (statSync(join(folder, name)).isFile() ? statSync(join(folder, name)).size : 0),
      0,
    );
  const storedBytes = statSync(path).size;
  rmSync(path);
  return {
    gapMs: await target.longestGap(),
    pauseMs: standing.pauseMs,
    totalMs,
    checkMs,
    scratchBytes,
    peakBytes: memory(),
    storedBytes,
  };
}

/** The most that the processes of one mark hold together, looked at every 50 ms. */
function watchMemory(mark: string) {
  let most = 0;
  const timer = setInterval(() => {
    let sum = 0;
    for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        if (!readFileSync(`/proc/${entry}/environ`, "latin1").includes(`EXHIBIT_RUN=${mark}`)) continue;
        const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${entry}/status`, "latin1"))?.[1];
        sum += Number(resident ?? 0) * 1024;
      } catch {
        // It has ended.
      }
    most = Math.max(most, sum);
  }, 50);
  return () => {
    clearInterval(timer);
    return most;
  };
}
