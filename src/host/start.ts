// Programs that work beside us, each with the pipes, the session, the environment and the priority that its part needs.
// Commands that only run to their end are those of run.ts; nobody else starts processes.
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createFile } from "./files.ts";
import { BEHIND, NORMAL, setPriorityOf } from "./priority.ts";
import { commandEnvironment } from "./run.ts";

/** A command between two streams (filter.ts), at low priority. It ends with us: its pipes do. */
export function startFilter(argv: readonly [string, ...string[]]): ChildProcessWithoutNullStreams {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    stdio: "pipe",
    cwd: "/",
    env: commandEnvironment(undefined),
  });
  if (child.pid !== undefined) setPriorityOf(child.pid, BEHIND);
  return child;
}

/** A helper that outlives us in its own session: stdin and stdout are pipes to it, nothing else is shared. */
export function startHelper(argv: readonly [string, ...string[]]): ChildProcess {
  const [file, ...args] = argv;
  return spawn(file, args, {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
    env: commandEnvironment(undefined),
  });
}

/**
 * A program of ours that a capture talks through, as urgent as we are; our pipes to it. It bears no mark, so that no sweep ends
 * it (process-group.ts): when we are gone it has something left to do, and ends by itself.
 */
export function startRelay(argv: readonly string[]): ChildProcess {
  const [file = "", ...args] = argv;
  return spawn(file, args, {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    env: commandEnvironment(undefined),
  }).on("error", () => undefined);
}

/** Descriptor 3 is a two-way pipe to us, and these are added to its environment. */
interface Talking {
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A program of ours that works beside us in its own session, with our environment and our pipes to it: behind everything
 * else on the host, unless it is given a priority.
 */
export function startBehind(
  argv: readonly [string, ...string[]],
  priority: number = BEHIND,
  talking?: Talking,
): ChildProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    stdio: ["pipe", "pipe", "ignore", ...(talking === undefined ? [] : ["pipe" as const])],
    env: { ...process.env, ...talking?.env },
  });
  if (child.pid !== undefined) setPriorityOf(child.pid, priority);
  return child;
}

export interface Piped {
  /** Its standard input and descriptor 3 are pipes to us. */
  readonly source: ChildProcess;
  /** Each reads what the one before it writes; the last writes to the file. None when the source writes a file itself. */
  readonly through: readonly ChildProcess[];
}

/**
 * Programs in a row: what `source` writes goes through the others, and into a new file at `path`. No byte of it passes
 * through us. All carry our mark (`sweep` of process-group.ts); the source keeps our priority, as it may stop the target.
 */
export async function startPiped(request: {
  readonly source: readonly [string, ...string[]];
  readonly through: readonly (readonly [string, ...string[]])[];
  readonly path: string;
  readonly runId: string | undefined;
}): Promise<Piped> {
  const env = commandEnvironment(request.runId);
  const output = request.through.length === 0 ? undefined : await createFile(request.path);
  const through: ChildProcess[] = [];
  try {
    // From the end: each is given the input of the next one as its output.
    let next: ChildProcess["stdin"] | number | undefined = output?.fd;
    for (const [file, ...args] of request.through.toReversed()) {
      const child: ChildProcess = spawn(file, args, {
        detached: true,
        cwd: "/",
        env,
        stdio: ["pipe", next ?? "ignore", "ignore"],
      });
      child.on("error", () => undefined);
      child.stdin?.on("error", () => undefined);
      if (child.pid !== undefined) setPriorityOf(child.pid, BEHIND);
      if (typeof next === "object") next?.destroy();
      through.unshift(child);
      next = child.stdin;
    }
    const [file, ...args] = request.source;
    const source = spawn(file, args, {
      detached: true,
      env,
      stdio: ["pipe", next ?? "ignore", "ignore", "pipe"],
    });
    source.on("error", () => undefined);
    source.stdin?.on("error", () => undefined);
    // Ours would keep the reader waiting after the writer has ended.
    if (typeof next === "object") next?.destroy();
    return { source, through };
  } finally {
    await output?.close();
  }
}

/** A program whose output is read as it comes. */
export function startReading(argv: readonly [string, ...string[]]): ChildProcess {
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    detached: true,
    cwd: "/",
    env: commandEnvironment(undefined),
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (child.pid !== undefined) setPriorityOf(child.pid, BEHIND);
  return child;
}

/** The mitigation: it has the terminal, our environment and folder, and our process group (Ctrl-C reaches it). */
export function startMitigation(argv: readonly [string, ...string[]]): ChildProcess {
  const [file, ...args] = argv;
  return spawn(file, args, { stdio: "inherit" });
}

/** As the mitigation, but its output comes to us: `stdout` and `stderr` are the writing ends of pipes. Throws on E2BIG. */
export function startTeed(
  argv: readonly [string, ...string[]],
  { stdout, stderr }: { readonly stdout: number | "pipe"; readonly stderr: number | "pipe" },
): ChildProcess {
  const [file, ...args] = argv;
  return spawn(file, args, { stdio: ["inherit", stdout, stderr] });
}

/**
 * A line for /bin/sh on a terminal of its own, made and kept like ours by script(1) of util-linux, which reads our stdin;
 * what it shows comes to us. Its exit status is that of the line (-e), 128+n after a signal.
 */
export function startOnTerminal(line: string): ChildProcess {
  return spawn("script", ["-q", "-e", "-c", line, "/dev/null"], {
    stdio: ["inherit", "pipe", "inherit"],
    env: { ...process.env, SHELL: "/bin/sh" },
  });
}

/** Reads a pipe for nobody until its writers are gone: whoever writes to it lives on when we go. */
export function startDrain(descriptor: number): void {
  const child = spawn("cat", [], { detached: true, stdio: [descriptor, "ignore", "ignore"], cwd: "/" });
  child.on("error", () => undefined);
  child.unref();
}

/** A program that goes on by itself, in its own session; stdout and stderr go to the end of a file. */
export function startService(argv: readonly [string, ...string[]], logPath: string): ChildProcess {
  const [file, ...args] = argv;
  const log = openSync(logPath, "a", 0o600);
  try {
    return spawn(file, args, { detached: true, stdio: ["ignore", log, log] });
  } finally {
    closeSync(log);
  }
}

/** A program that we talk with, in its own session, with our environment: three pipes. It may outlive us. */
export function startConversation(
  argv: readonly [string, ...string[]],
  priority: number = NORMAL,
  talking?: Talking,
): ChildProcessWithoutNullStreams {
  const [file, ...args] = argv;
  const more = talking === undefined ? [] : ["pipe" as const];
  const env = { ...process.env, ...talking?.env };
  const child = spawn(file, args, { detached: true, stdio: ["pipe", "pipe", "pipe", ...more], env });
  if (child.pid !== undefined) setPriorityOf(child.pid, priority);
  // Who is gone cannot be told anything; it ends with `close` or `error`.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => undefined);
  return child.on("error", () => undefined);
}
