// A command of the operator whose output we see: on a terminal of its own or through pipes. What must stay true: it has
// our stdin, environment, folder and process group; what it leaves running never dies because we go.
import type { ChildProcess } from "node:child_process";
import { closeSync, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { errnoOf } from "../errors.ts";
import { delay } from "./clock.ts";
import { openPipes } from "./command-pipes.ts";
import { lookUpCommand } from "./commands-on-path.ts";
import { startDrain, startOnTerminal, startTeed } from "./start.ts";
import { shellLine } from "./shell-line.ts";

/** `output`: what a terminal shows, both in one. */
export type OutputStream = "output" | "stdout" | "stderr";

export interface AttendedEnd {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The errno when it could not be started after all. */
  readonly notStarted: string | undefined;
  /** Something that it left running still held its output, and is read for nobody now. */
  readonly leftRunning: boolean;
}

export interface Attended {
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<AttendedEnd>;
}

/** Called with each piece, one at a time, in the order they came; false: nobody wants more of this stream. */
export type OnOutput = (stream: OutputStream, data: Buffer) => Promise<boolean>;

/** A single argument of a program is never longer (execve(2): MAX_ARG_STRLEN), so no line for a shell either. */
const LONGEST_LINE = 128 * 1024 - 1;
/** How long what the command left running may still say something after the command's own end. */
const AFTERWARDS_MS = 1000;
const LOOK_MS = 50;

/** Whether a command can be put on a terminal by script(1) of util-linux; else why not. */
export function reasonForNoTerminal(argv: readonly [string, ...string[]]): string | undefined {
  if (process.platform !== "linux") return "only done on Linux so far";
  if (lookUpCommand("script").state !== "found") return "script (util-linux) is not on this host";
  return Buffer.byteLength(lineOf(argv)) > LONGEST_LINE ? "its arguments are too long" : undefined;
}

function lineOf([file, ...args]: readonly [string, ...string[]]): string {
  const found = file.startsWith("-") ? lookUpCommand(file) : undefined;
  return shellLine([found?.state === "found" ? found.path : file, ...args], process.env.SHELL);
}

/** Starts it. Never rejects: what kept it from starting is in its end. */
export async function startAttended(
  argv: readonly [string, ...string[]],
  options: { readonly onTerminal: boolean; readonly onOutput: OnOutput },
): Promise<Attended> {
  const pipes = options.onTerminal ? undefined : await openPipes(2);
  let child: ChildProcess;
  try {
    child = options.onTerminal
      ? startOnTerminal(lineOf(argv))
      : startTeed(argv, {
          stdout: pipes?.[0]?.writerDescriptor ?? "pipe",
          stderr: pipes?.[1]?.writerDescriptor ?? "pipe",
        });
  } catch (error) {
    for (const { reader } of pipes ?? []) reader.destroy();
    const notStarted = errnoOf(error) ?? "EINVAL";
    return {
      signal: () => undefined,
      ended: Promise.resolve({ exitCode: undefined, signal: undefined, notStarted, leftRunning: false }),
    };
  } finally {
    for (const { writerDescriptor } of pipes ?? []) closeSync(writerDescriptor);
  }
  const exited = new Promise<Pick<AttendedEnd, "exitCode" | "signal" | "notStarted">>((resolve) => {
    child.once("exit", (code, signal) =>
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, notStarted: undefined }),
    );
    child.on("error", (error) => {
      if (child.pid === undefined)
        resolve({ exitCode: undefined, signal: undefined, notStarted: errnoOf(error) ?? "ENOENT" });
    });
  });
  const sources = options.onTerminal
    ? [source("output", child.stdout)]
    : [
        source("stdout", pipes?.[0]?.reader ?? child.stdout, pipes?.[0]?.readerDescriptor),
        source("stderr", pipes?.[1]?.reader ?? child.stderr, pipes?.[1]?.readerDescriptor),
      ];
  const reading = readAll(sources.flat(), options.onOutput);
  const ended = exited.then(async (exit) => {
    const leftRunning = exit.notStarted === undefined && !(await reading.endWithin(AFTERWARDS_MS));
    reading.release();
    return { ...exit, leftRunning };
  });
  return { signal: (signal) => sendTo(child, signal, options.onTerminal), ended };
}

interface Source {
  readonly stream: OutputStream;
  readonly reader: Readable;
  readonly descriptor: number | undefined;
}

function source(stream: OutputStream, reader: Readable | null, descriptor?: number): Source[] {
  return reader === null ? [] : [{ stream, reader, descriptor }];
}

/** Reads all sources, a piece at a time: of each source the next is read when its last is dealt with. */
function readAll(sources: readonly Source[], onOutput: OnOutput) {
  let last: Promise<unknown> = Promise.resolve();
  let busy = 0;
  const open = new Set(sources);
  const closed = Promise.all(
    sources.map(({ reader }) => new Promise<void>((resolve) => reader.once("close", () => resolve()))),
  );
  for (const one of sources) {
    const { stream, reader } = one;
    reader.on("data", (data: Buffer) => {
      reader.pause();
      busy++;
      last = last.then(async () => {
        const wanted = await onOutput(stream, data);
        busy--;
        // Closed, so that whoever goes on writing gets the SIGPIPE that it would have got without us.
        if (wanted) reader.resume();
        else reader.destroy();
      });
    });
    reader.once("close", () => open.delete(one));
    reader.on("error", () => reader.destroy());
  }
  return {
    /** False when they are still open after we had nothing to do but wait for this long. */
    endWithin: async (limitMs: number): Promise<boolean> => {
      for (let idleMs = 0; open.size > 0 && idleMs < limitMs;) {
        await Promise.race([closed, delay(LOOK_MS)]);
        if (busy === 0) idleMs += LOOK_MS;
      }
      await last;
      return open.size === 0;
    },
    release: () => {
      for (const { reader, descriptor } of open) {
        if (descriptor !== undefined) startDrain(descriptor);
        reader.destroy();
      }
    },
  };
}

/** On a terminal the command is the child of script(1), and leads a session of its own. */
function sendTo(child: ChildProcess, signal: NodeJS.Signals, onTerminal: boolean): void {
  const leaders = onTerminal && child.pid !== undefined ? childrenOf(child.pid) : [];
  if (leaders.length === 0) child.kill(signal);
  for (const leader of leaders) {
    try {
      process.kill(-leader, signal);
    } catch {
      // It has ended, or is another user's (sudo): then the signal is not ours to send.
    }
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const words = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ");
    return words.filter((word) => /^\d+$/.test(word)).map(Number);
  } catch {
    return [];
  }
}
