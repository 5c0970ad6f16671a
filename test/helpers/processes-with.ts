// Who runs, by what stands in its command line: for processes that must have been ended.
import { readdirSync, readFileSync } from "node:fs";

/** Command lines that hold `mark`, this process aside; arguments are separated by NUL as in /proc. */
export function processesWith(mark: string): readonly string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "latin1");
      return words.includes(mark) ? [`${name}: ${words}`] : [];
    } catch {
      return [];
    }
  });
}
