// The executable and its libraries, with the build ids that a debugger matches symbols by, read out of their first page in
// the target's memory: the files may be deleted, or of another mount namespace.
import { closeSync, openSync } from "node:fs";
import { parseElfBuildId } from "../../parsers/elf-build-id.ts";
import { printable } from "../../printable.ts";
import { readArea } from "../ptrace/gadgets.ts";
import type { Module } from "./messages.ts";
import type { TargetFacts } from "./target.ts";

const FIRST_BYTES = 16 * 1024;
const MOST_MODULES = 2000;

export function listModules({ pid, areas }: TargetFacts): Module[] {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const modules: Module[] = [];
  try {
    for (const area of areas) {
      if (area.inode === 0 || area.offset !== 0 || area.permissions[3] !== "p") continue;
      if (modules.length >= MOST_MODULES) break;
      const bytes = readArea(memory, area.start, Math.min(FIRST_BYTES, area.end - area.start));
      if (!bytes.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"))) continue;
      const buildId = parseElfBuildId(bytes);
      modules.push({
        path: printable(Buffer.from(area.name, "latin1").toString(), 4096),
        ...(buildId === undefined ? {} : { buildId }),
        start: area.start.toString(16),
      });
    }
  } finally {
    closeSync(memory);
  }
  return modules;
}
