// What a whole `exhibit capture --only core` holds in memory at its most: the program itself, its guardian, the helper, zstd. The
// copy is the target's memory, not ours.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLI } from "../test/helpers/exhibit.ts";

export interface PeakMemory {
  /** Sum over the processes; what they share, such as the code of Node, counts once for each. */
  readonly residentBytes: number;
  /** The same with what is shared counted once (PSS of smaps_rollup). */
  readonly proportionalBytes: number;
}

const LOOK_MS = 100;

/** Throws when there was no whole core in the end. */
export async function measureCaptureMemory(pid: number, parent: string): Promise<PeakMemory> {
  // Every program that we start keeps HOME: by this one they are known.
  const home = mkdtempSync(join(parent, "memory-"));
  const settings = join(home, "exhibit.yaml");
  const store = `{default: {type: directory, path: ${home}/archive}}`;
  writeFileSync(settings, `version: 1\nstore: ${store}\nspool: {path: ${home}/spool, keepFree: 1%}\n`, {
    mode: 0o600,
  });
  const words = ["--pid", String(pid), "--only", "core", "-b", "10m", "--max-pause", "60s", "--no-upload"];
  const child = spawn(process.execPath, [CLI, "capture", ...words, "--config", settings], {
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const peak = { residentBytes: 0, proportionalBytes: 0 };
  const timer = setInterval(() => {
    const now = processesOf(home).map((one) => memoryOf(one));
    for (const key of ["residentBytes", "proportionalBytes"] as const)
      peak[key] = Math.max(
        peak[key],
        now.reduce((sum, one) => sum + one[key], 0),
      );
  }, LOOK_MS);
  const [code] = await once(child, "exit");
  clearInterval(timer);
  rmSync(home, { recursive: true });
  if (code !== 0) throw new Error(`capture ended with ${code}: ${said}`);
  return peak;
}

function processesOf(home: string): string[] {
  return readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && textOf(name, "environ").split("\0").includes(`HOME=${home}`),
  );
}

function memoryOf(process: string): PeakMemory {
  const rollup = textOf(process, "smaps_rollup");
  const bytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0) * 1024;
  return { residentBytes: bytes("Rss"), proportionalBytes: bytes("Pss") };
}

/** Empty once the process has ended. */
function textOf(process: string, file: string): string {
  try {
    return readFileSync(`/proc/${process}/${file}`, "latin1");
  } catch {
    return "";
  }
}
