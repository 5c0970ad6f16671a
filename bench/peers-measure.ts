// One run of one contender, measured from outside: by time(1), by the sampler, by the target's own heartbeat.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { Manifest } from "../src/bundle/manifest.ts";
import { filesBelow, type Contender, type Request } from "./peers-contenders.ts";
import { watchStops, type SickTarget } from "./peers-target.ts";

export interface Measured {
  readonly wallS: number;
  /** User and system time of the command and of all that it waited for. */
  readonly cpuS: number;
  /** Until the target might have been restarted: exhibit says when, with the others it is the end. */
  readonly freeS: number;
  readonly resultBytes: number;
  /** What the whole tree caused to be written to disk, temporary files and second copies included. */
  readonly writtenBytes: number;
  readonly stopMs: number;
  readonly beatMs: number;
  readonly samplerGapMs: number;
  readonly load: number;
  readonly result: string;
}

/** "File system outputs" of getrusage(2) come in these. */
const BLOCK_BYTES = 512;

/** Runs a command under time(1); its output lies in `folder`. */
async function timed(argv: readonly string[], folder: string): Promise<readonly number[]> {
  const times = join(folder, "time.txt");
  const output = openSync(join(folder, "output.txt"), "w");
  const words = ["-q", "-f", "%e %U %S %O", "-o", times, ...argv];
  const child = spawn("/usr/bin/time", words, { stdio: ["ignore", output, output] });
  const [exitCode]: unknown[] = await once(child, "exit");
  closeSync(output);
  if (exitCode !== 0)
    throw new Error(
      `${argv.join(" ")}: exit ${String(exitCode)}\n${readFileSync(join(folder, "output.txt"), "utf8")}`,
    );
  return (readFileSync(times, "utf8").trim().split("\n").at(-1) ?? "").split(" ").map(Number);
}

/** How long after its start exhibit had everything safely on disk, so that a restart could begin. */
function securedS(result: string): number | undefined {
  const manifest = join(result, "manifest.json");
  if (!existsSync(manifest)) return undefined;
  return Manifest.parse(JSON.parse(readFileSync(manifest, "utf8"))).durationMs / 1000;
}

export async function measure(contender: Contender, request: Request, target: SickTarget): Promise<Measured> {
  mkdirSync(request.folder, { recursive: true });
  // What an earlier run wrote goes to disk before this one begins.
  spawnSync("sync");
  const load = loadavg()[0] ?? Number.NaN;
  const argv = contender.argv(request);
  const seen = await watchStops(request.pid, join(request.folder, ".."));
  await target.longestGapMs();
  const [wallS = Number.NaN, userS = Number.NaN, systemS = Number.NaN, blocks = Number.NaN] = await timed(
    argv,
    request.folder,
  );
  const beatMs = await target.longestGapMs();
  const { longestStopMs, longestGapMs } = await seen();
  const result = contender.result(request.folder);
  const files = statSync(result).isDirectory() ? filesBelow(result) : [result];
  return {
    wallS,
    cpuS: userS + systemS,
    freeS: (contender.ours ? securedS(result) : undefined) ?? wallS,
    resultBytes: files.reduce((sum, path) => sum + statSync(path).size, 0),
    writtenBytes: blocks * BLOCK_BYTES,
    stopMs: longestStopMs,
    beatMs,
    samplerGapMs: longestGapMs,
    load,
    result,
  };
}
