// The agent works through our own command line, in a process of its own each time: what a capture or an upload needs of
// memory goes with it, and one that breaks takes nothing along.
import { once } from "node:events";
import { ownProgram } from "../host/own-program.ts";
import { BEHIND, NORMAL } from "../host/priority.ts";
import { startBehind } from "../host/start.ts";
import { PERMIT_DESCRIPTOR } from "../capture/pause-permit.ts";
import { answerPermits, PERMITTED, type PauseGate } from "./pause-gate.ts";

/** A result with every reading of some processes is a fraction of it. */
const OUTPUT_LIMIT_BYTES = 16 * 1024 ** 2;

export interface OwnOutcome {
  /** Undefined when it could not be started, or a signal ended it. */
  readonly exitCode: number | undefined;
  /** The document of --json; undefined when there is none. */
  readonly json: unknown;
}

/**
 * Runs `exhibit WORDS --json`; aborting the signal stops it as Ctrl-C would: what there is is sealed. With a gate a capture
 * asks it before it stops its target.
 */
export type OwnCommand = (
  words: readonly string[],
  signal: AbortSignal,
  gate?: PauseGate,
) => Promise<OwnOutcome>;

/** With the settings file that the agent itself was given. Never rejects. */
export function ownCommand(config: string | undefined): OwnCommand {
  const more = config === undefined ? [] : [`--config=${config}`];
  return async ([name = "", ...words], signal, gate) => {
    if (signal.aborted) return { exitCode: undefined, json: undefined };
    const argv: [string, ...string[]] = [...ownProgram("cli"), name, "--json", "--quiet", ...more, ...words];
    // Only what nobody waits for stands behind.
    const child = startBehind(argv, name === "push" ? BEHIND : NORMAL, gate && PERMITTED);
    if (gate) answerPermits(child.stdio[PERMIT_DESCRIPTOR], gate);
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
    });
    child.stdin?.on("error", () => undefined).end();
    const stop = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    // `close` follows an `error` of starting, too.
    child.on("error", () => undefined);
    await once(child, "close").catch(() => undefined);
    signal.removeEventListener("abort", stop);
    await gate?.over();
    return {
      exitCode: child.pid === undefined ? undefined : (child.exitCode ?? undefined),
      json: parse(bytes > OUTPUT_LIMIT_BYTES ? "" : Buffer.concat(chunks).toString("utf8")),
    };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
