// The service of `exhibit demo` for a picture, in a folder of its own and by a link: what is captured of it names no place
// of whoever makes the picture. Needs dist/.
import { spawn } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../test/helpers/until.ts";

const root = new URL("..", import.meta.url).pathname;
const PATIENCE_MS = 60_000;

export interface SickService {
  /** Resolves with its process id when it is sick. */
  readonly start: () => Promise<number>;
  /** Where it answers. */
  readonly port: () => number;
  /** Remembers the process that took its place. */
  readonly seeRestarted: () => void;
  /** Ends what was started. */
  readonly stop: () => void;
}

export function openSick(folder: string): SickService {
  const pids = new Set<number>();
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), "utf8");
    } catch {
      return "";
    }
  };
  const numberIn = (name: string, key: string) => Number(new RegExp(`"${key}":(\\d+)`).exec(read(name))?.[1]);
  const launch = (flags: readonly string[], args: readonly string[]) => {
    const child = spawn("node", [...flags, "sick-service.js", ...args], { cwd: folder, stdio: "ignore" });
    if (child.pid !== undefined) pids.add(child.pid);
  };
  return {
    start: async () => {
      symlinkSync(join(root, "dist/sick-service.js"), join(folder, "sick-service.js"));
      launch([], ["peer", "."]);
      await until(() => read("peer.json") !== "", PATIENCE_MS);
      launch(
        ["--max-old-space-size=180", "--max-semi-space-size=1"],
        ["run", ".", String(numberIn("peer.json", "port"))],
      );
      await until(() => / gc [3-9]\d%/.test(read("service.log")), PATIENCE_MS);
      return numberIn("service.json", "pid");
    },
    port: () => numberIn("service.json", "port"),
    seeRestarted: () => pids.add(numberIn("service.json", "pid")),
    stop: () => {
      for (const pid of pids)
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
    },
  };
}
