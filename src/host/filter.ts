// Commands as stages of a stream (zstd, age). What must stay true: the result counts only when every command ended with 0;
// when one fails the others are ended, and it is the one that is named; memory does not grow with the data.
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { CommandError, errnoOf } from "../errors.ts";
import { killGroup } from "./process-group.ts";
import { startFilter } from "./start.ts";

/** What turns one stream of bytes into another. */
export type Stage = (input: AsyncIterable<Buffer>) => AsyncIterable<Uint8Array>;

/** The last words of a command that failed. */
const STDERR_BYTES = 2000;

/** A stage that is a command reading stdin and writing stdout; throws CommandError when it does not end with 0. */
export function filterBy(argv: readonly [string, ...string[]]): Stage {
  return async function* (input) {
    const child = startFilter(argv);
    const ended = endOf(child);
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr = `${stderr}${String(data)}`.slice(-STDERR_BYTES);
    });
    // A command that ends early closes its stdin (EPIPE): its exit status says why.
    let inputError: Error | undefined;
    const feeding = pipeline(input, child.stdin).catch((error: unknown) => {
      inputError = error instanceof Error ? error : new Error(String(error));
      child.stdin.destroy();
    });
    try {
      yield* child.stdout;
      const { problem } = await ended;
      await feeding;
      // A stage before this one failed: this one only saw its input end.
      if (inputError !== undefined && !isClosed(inputError)) throw inputError;
      if (problem !== undefined) {
        const last = stderr.trim().split("\n").at(-1) ?? "";
        throw new CommandError(`${argv[0]}: ${problem}${last === "" ? "" : `: ${last}`}`);
      }
      if (inputError !== undefined) throw new CommandError(`${argv[0]}: ended before it had read everything`);
    } finally {
      killGroup(child.pid, "SIGKILL");
    }
  };
}

/** The command closed its stdin. */
function isClosed(error: Error): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"].includes(errnoOf(error) ?? "");
}

async function endOf(
  child: ReturnType<typeof startFilter>,
): Promise<{ readonly problem: string | undefined }> {
  try {
    await once(child, "close");
  } catch {
    return { problem: "cannot be run" };
  }
  if (child.exitCode === 0) return { problem: undefined };
  const { exitCode, signalCode } = child;
  return { problem: exitCode === null ? `ended by ${signalCode}` : `exit status ${exitCode}` };
}
