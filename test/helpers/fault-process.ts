// Starts the sick and healthy processes of test/helpers/faults/, each until it says that it is ready; ends them afterwards.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = new URL("faults/", import.meta.url).pathname;
/** A JVM on a loaded host compiles its source for seconds. */
const READY_MS = 60_000;

export interface FaultProcess {
  readonly pid: number;
  /** What it said with "ready", and before: a port. */
  readonly said: string;
}

/** A place for one case: processes, folders and whatever else must go when it is over, the last first. */
export interface FaultScene {
  readonly folder: string;
  readonly start: (argv: readonly [string, ...string[]]) => Promise<FaultProcess>;
  readonly after: (work: () => void) => void;
  readonly end: () => Promise<void>;
}

export function openScene(): FaultScene {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-fault-"));
  const works: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const children: ChildProcess[] = [];
  return {
    folder,
    after: (work) => void works.push(work),
    start: async ([command, ...rest]) => {
      const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"], cwd: folder });
      children.push(child);
      return untilReady(child);
    },
    end: async () => {
      const ended = children.map(
        (child) =>
          new Promise((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) resolve(undefined);
            else child.once("close", resolve);
          }),
      );
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ended);
      for (const work of works.toReversed()) work();
    },
  };
}

async function untilReady(child: ChildProcess): Promise<FaultProcess> {
  const { pid, stdout } = child;
  assert.ok(pid !== undefined && stdout !== null, "it could not be started");
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(() => reject(new Error(`not ready: ${said}`)), READY_MS);
    child.once("close", () => reject(new Error(`ended before it was ready: ${said}`)));
    stdout.on("data", (data) => {
      said += String(data);
      if (!/^ready.*\n/m.test(said)) return;
      clearTimeout(timer);
      resolve({ pid, said: said.replace(/^ready ?/m, "").trim() });
    });
  });
}

export const inNode = (mode: string, ...words: readonly string[]) =>
  [process.execPath, "--max-old-space-size=180", join(FOLDER, "faults.mjs"), mode, ...words] as const;

/** The interpreter itself: a shim would be the process that is looked at. */
export const inPython = (mode: string, ...words: readonly string[]) => {
  const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  return [python.trim(), join(FOLDER, "faults.py"), mode, ...words] as const;
};

export const inJava = (mode: string) =>
  ["java", "-Xmx96m", "-XX:+UseSerialGC", join(FOLDER, "Faults.java"), mode] as const;

/** Compiled anew in the scene's folder. */
export function inC({ folder }: FaultScene, mode: string, ...words: readonly string[]) {
  const program = join(folder, "faults");
  execFileSync("gcc", ["-O1", "-pthread", "-o", program, join(FOLDER, "faults.c")]);
  return [program, mode, ...words] as const;
}
