// One command of ours for who asked from afar, with everything it said. What must stay true: it may outlive us, and what it
// leaves running never holds us.
import { once } from "node:events";
import { delay } from "../host/clock.ts";
import { ownProgram } from "../host/own-program.ts";
import { NORMAL } from "../host/priority.ts";
import { startConversation } from "../host/start.ts";
import { PERMIT_DESCRIPTOR } from "../capture/pause-permit.ts";
import { answerPermits, PERMITTED, type PauseGate } from "./pause-gate.ts";
import type { Ended } from "./job-outcome.ts";

const OUTPUT_LIMIT_BYTES = 16 * 1024 ** 2;

/** Runs a command of ours with --json; aborting stops it as SIGTERM does: what there is is sealed. A capture asks the gate. */
export async function runOwn(
  config: string | undefined,
  [name = "", ...words]: readonly string[],
  signal?: AbortSignal,
  gate?: PauseGate,
): Promise<Ended> {
  const more = config === undefined ? [] : [`--config=${config}`];
  const argv: [string, ...string[]] = [...ownProgram("cli"), name, "--json", "--no-input", ...more, ...words];
  const child = startConversation(argv, NORMAL, gate && PERMITTED);
  if (gate) answerPermits(child.stdio[PERMIT_DESCRIPTOR], gate);
  child.stdin.end();
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let bytes = 0;
  const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= OUTPUT_LIMIT_BYTES) chunks.push(chunk);
  };
  child.stdout.on("data", keep(out));
  child.stderr.on("data", keep(err));
  const stop = () => void child.kill("SIGTERM");
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  const closed = once(child, "close").catch(() => undefined);
  await Promise.race([closed, once(child, "exit").catch(() => undefined)]);
  // What COMMAND left running may hold the pipes for ever.
  await Promise.race([closed, delay(500)]);
  signal?.removeEventListener("abort", stop);
  await gate?.over();
  child.stdout.destroy();
  child.stderr.destroy();
  return { exitCode: child.exitCode ?? undefined, stdout: text(out), stderr: text(err) };
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
