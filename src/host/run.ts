// Commands that run to their end; start.ts has those that work beside us, and nobody else starts processes. What must stay
// true: no shell; arguments are an array; every command has its own session and process group, LC_ALL=C and UTC, no stdin, an
// output limit and an end, after which the whole group is gone; the pipe of a grandchild never holds us (execa's own
// `timeout` waits for it, so it is not used).
import { execa } from "execa";
import { errnoOf } from "../errors.ts";
import { delay } from "./clock.ts";
import { openDeadline } from "./deadline.ts";
import { toolPath } from "./commands-on-path.ts";
import { drain, KEEP_BYTES, type Kept } from "./command-output.ts";
import { createFile } from "./files.ts";
import { NORMAL, setPriorityOf } from "./priority.ts";
import { endGroup, killGroup, RUN_VARIABLE } from "./process-group.ts";

/** How long a pipe may outlive the group it belonged to. */
const DRAIN_MS = 200;

export interface RunRequest {
  readonly argv: readonly [string, ...string[]];
  /** stdout goes here as it comes; a new file. */
  readonly stdoutPath?: string;
  /** Called before bytes are written to the file; a throw ends the command. */
  readonly take?: (bytes: number) => Promise<void>;
  readonly limitBytes?: number;
  /** Aborting it ends the command: its time is up. */
  readonly signal?: AbortSignal;
  /** Ends it after this long by SIGINT, which is no failure: samplers that run until told. */
  readonly forMs?: number;
  /** It attaches to another process: SIGKILL only, and our own priority: while it works, the target is stopped. */
  readonly tracer?: boolean;
  /** nice; that of an ordinary process when it is not given. */
  readonly priority?: number;
  /** Marks it and its descendants; see `sweep` of process-group.ts. */
  readonly runId?: string;
  /** What it reads from stdin; nothing when it is not given. */
  readonly input?: Uint8Array;
  /** Where it works: the root unless it is given. */
  readonly folder?: string;
  /** Variables of our own environment that it is given besides. */
  readonly inherit?: readonly string[];
}

export interface RunOutcome {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly stdoutBytes: number;
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it ended when not by itself. */
  readonly endedBy: "deadline" | "limit" | "window" | undefined;
  /** The errno when it could not be started (ENOENT, EACCES). */
  readonly notStarted: string | undefined;
  /** What broke while its output was written. */
  readonly writeError: Error | undefined;
  readonly startedAt: string;
  readonly durationMs: number;
}

/** The environment of a command: nothing of the caller's but the path and who it is. */
export function commandEnvironment(runId: string | undefined): Record<string, string> {
  return {
    PATH: toolPath(),
    HOME: process.env.HOME ?? "/",
    LC_ALL: "C",
    TZ: "UTC",
    COLUMNS: "10000",
    ...(runId === undefined ? {} : { [RUN_VARIABLE]: runId }),
  };
}

function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/**
 * Runs one command to its end and keeps its output. Never rejects: what went wrong is in the outcome.
 * The outcome comes at most about a second after the signal aborted, whatever the command does.
 */
export async function run(request: RunRequest): Promise<RunOutcome> {
  const [file, ...args] = request.argv;
  const tracer = request.tracer ?? false;
  const startedAt = new Date().toISOString();
  const start = performance.now();
  const out: Kept = { chunks: [], bytes: 0, keptBytes: 0 };
  const err: Kept = { chunks: [], bytes: 0, keptBytes: 0 };
  let endedBy: RunOutcome["endedBy"];
  let writeError: Error | undefined;

  const output = request.stdoutPath === undefined ? undefined : await createFile(request.stdoutPath);
  const child = execa(file, args, {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    ...(request.input === undefined ? { stdin: "ignore" } : { input: request.input }),
    stdout: "pipe",
    stderr: "pipe",
    cwd: request.folder ?? "/",
    extendEnv: false,
    env: { ...commandEnvironment(request.runId), ...inherited(request.inherit ?? []) },
  });
  if (child.pid !== undefined && !tracer) setPriorityOf(child.pid, request.priority ?? NORMAL);

  let ending: Promise<void> | undefined;
  const end = (why: NonNullable<typeof endedBy>, first: NodeJS.Signals) => {
    endedBy ??= why;
    ending ??= endGroup(child, { tracer, first });
  };
  const onAbort = () => end("deadline", "SIGTERM");
  if (request.signal?.aborted) onAbort();
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const window =
    request.forMs === undefined ? undefined : setTimeout(() => end("window", "SIGINT"), request.forMs);

  const limitBytes = request.limitBytes ?? KEEP_BYTES;
  const reading = Promise.all([
    drain(child.stdout, out, {
      limitBytes,
      ...(output ? { file: output } : {}),
      ...(request.take ? { take: request.take } : {}),
    }),
    drain(child.stderr, err, { limitBytes: 256 * 1024 }),
  ]).then(
    (full) => full.some(Boolean) && end("limit", "SIGTERM"),
    (error: unknown) => {
      // A destroyed stream is our own doing; anything else is a write that failed.
      if (errnoOf(error) === "ERR_STREAM_PREMATURE_CLOSE") return;
      writeError = error instanceof Error ? error : new Error(String(error));
      end("limit", "SIGTERM");
    },
  );
  const exited = new Promise<void>((resolve) => {
    if (child.pid === undefined) resolve();
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  await Promise.race([exited, reading.then(() => exited)]);
  if (ending) await ending;
  // The leader is gone. A grandchild may still hold the pipe: it gets a moment, then the group is ended.
  await Promise.race([reading, delay(DRAIN_MS)]);
  killGroup(child.pid, "SIGKILL");
  await Promise.race([reading, delay(DRAIN_MS)]);
  child.stdout.destroy();
  child.stderr.destroy();
  clearTimeout(window);
  request.signal?.removeEventListener("abort", onAbort);
  const result = await Promise.race([child, delay(DRAIN_MS)]);
  await reading;
  if (output) await output.close();

  const notStarted =
    child.pid === undefined ? (errnoOf(result?.cause) ?? errnoOf(result) ?? "ENOENT") : undefined;
  return {
    stdout: Buffer.concat(out.chunks),
    stderr: Buffer.concat(err.chunks).toString("utf8"),
    stdoutBytes: out.bytes,
    exitCode: child.exitCode ?? undefined,
    signal: child.signalCode ?? undefined,
    endedBy,
    notStarted,
    writeError,
    startedAt,
    durationMs: Math.round(performance.now() - start),
  };
}

export interface QuickOutcome {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A short question to the host (systemctl show, ssh-keygen): output in memory, ended after `timeoutMs`. */
export async function runQuick(
  argv: readonly [string, ...string[]],
  options: { readonly timeoutMs?: number; readonly input?: Uint8Array } = {},
): Promise<QuickOutcome> {
  const deadline = openDeadline(options.timeoutMs ?? 3000);
  const input = options.input === undefined ? {} : { input: options.input };
  const outcome = await run({ argv, signal: deadline.signal, ...input }).finally(deadline.close);
  const stderr = outcome.notStarted === undefined ? outcome.stderr : `${argv[0]}: ${outcome.notStarted}`;
  return {
    exitCode: outcome.notStarted === undefined ? outcome.exitCode : 127,
    signal: outcome.signal,
    stdout: outcome.stdout.toString("utf8"),
    stderr,
  };
}
