// The way in and out: the only file that reads the arguments, prints results, or exits. `--version` is answered before
// anything else is imported.
import type { StopSignal } from "./commands/command.ts";
import type { Ending } from "./commands/main.ts";
import { errnoOf } from "./errors.ts";
import { VERSION } from "./version.ts";

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

function onSignal(listener: (signal: StopSignal) => void): () => void {
  for (const signal of STOP_SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, listener);
  };
}

function tellAndGoOn(error: unknown): void {
  const stack = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`exhibit: this is a bug in exhibit; it goes on\n${stack}\n`);
}

/** A fault in the dark must not keep guard from starting COMMAND. */
function survive(): void {
  process.on("uncaughtException", tellAndGoOn);
  process.on("unhandledRejection", tellAndGoOn);
}

/** Prints the result and exits. A reader that went away (EPIPE) is no fault; a full disk is. */
function finish({ exitCode, output }: Ending): void {
  if (output.length === 0) process.exit(exitCode);
  process.stdout.write(output, (error) => {
    if (!error || errnoOf(error) === "EPIPE") process.exit(exitCode);
    process.stderr.write(`exhibit: the result could not be printed: ${error.message}\n`);
    process.exit(exitCode === 0 ? 1 : exitCode);
  });
}

const args = process.argv.slice(2);
// Errors of a write come to its callback; without a listener they would end us a second time, and with a stack.
process.stdout.on("error", () => undefined);
if (args.length === 1 && args[0] === "--version") {
  finish({ exitCode: 0, output: `${VERSION}\n` });
} else {
  // Whoever listens to us may be gone; the work goes on.
  process.stderr.on("error", () => undefined);
  const { main } = await import("./commands/main.ts");
  const { env, stdout, stderr } = process;
  // A reader that went away does not end the work.
  const print = (text: string) => void stdout.write(text, () => undefined);
  finish(await main({ args, env, stdout, print, stderr, stdin: () => process.stdin, onSignal, survive }));
}
