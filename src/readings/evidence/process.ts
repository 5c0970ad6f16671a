// What the process collector saved of /proc/PID: state, memory, limits, executable.
import { z } from "zod";
import { parseProcLimits, type Limit } from "../../parsers/proc-limits.ts";
import { parseProcStatus, type ProcStatus } from "../../parsers/proc-status.ts";
import { parseWchan } from "../../parsers/wchan.ts";
import { parseSystemctlShow } from "../../parsers/systemctl-show.ts";
import { lineMatching, type Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";

export interface ProcessEvidence {
  /** `D`, with its line. */
  readonly state: Fact<string> | undefined;
  /** The kernel's function that the main thread waits in. */
  readonly waitsIn: string | undefined;
  readonly status: ProcStatus | undefined;
  readonly residentBytes: Fact<number> | undefined;
  readonly swapBytes: Fact<number> | undefined;
  readonly threads: Fact<number> | undefined;
  /** Whether the file that it runs has been removed or replaced. */
  readonly executable: Fact<{ readonly path: string; readonly isDeleted: boolean }> | undefined;
  /** By their name in the table: `Max open files`. */
  readonly limits: ReadonlyMap<string, Fact<Limit>>;
  readonly ageSeconds: number | undefined;
  /** How often systemd has restarted its unit by itself since somebody started it. */
  readonly restarts: Fact<number> | undefined;
}

const DELETED = " (deleted)";

const Summary = z.object({ ageSeconds: z.number().nonnegative().optional() });

export async function readProcess(files: CollectorFiles): Promise<ProcessEvidence | undefined> {
  const { text, path, json } = files;
  const [statusText, wchan, links, limits, summary, unit] = await Promise.all([
    text("status.txt"),
    text("wchan.txt"),
    text("links.txt"),
    text("limits.txt"),
    json("process.json", Summary),
    text("unit.txt"),
  ]);
  if (statusText === undefined && links === undefined && limits === undefined) return undefined;
  const status = statusText === undefined ? undefined : parseProcStatus(statusText);
  const fact = <T>(key: string, value: T | undefined): Fact<T> | undefined =>
    value === undefined ? undefined : { value, line: status?.lines.get(key), file: path("status.txt") };
  return {
    state: fact("State", status?.state),
    waitsIn: parseWchan(wchan ?? ""),
    status,
    residentBytes: fact("VmRSS", status?.residentBytes),
    swapBytes: fact("VmSwap", status?.swapBytes),
    threads: fact("Threads", status?.threads),
    executable: executableOf(links, path("links.txt")),
    limits: new Map(
      [...parseProcLimits(limits ?? "")].map(([name, value]) => [
        name,
        { value, line: value.line, file: path("limits.txt") },
      ]),
    ),
    ageSeconds: summary?.ageSeconds,
    restarts: restartsOf(unit ?? "", path("unit.txt")),
  };
}

function restartsOf(unit: string, file: string): Fact<number> | undefined {
  const value = parseSystemctlShow(unit)?.restarts;
  return value === undefined ? undefined : { value, line: lineMatching(unit, /^NRestarts=/), file };
}

/** The kernel adds ` (deleted)` to the path of a file that has no name any more (proc(5), /proc/PID/exe). */
function executableOf(links: string | undefined, file: string): ProcessEvidence["executable"] {
  const line = links?.split("\n").find((one) => one.startsWith("exe -> "));
  if (line === undefined) return undefined;
  const link = line.slice("exe -> ".length);
  const isDeleted = link.endsWith(DELETED);
  return { value: { path: isDeleted ? link.slice(0, -DELETED.length) : link, isDeleted }, line, file };
}
