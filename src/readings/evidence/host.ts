// What the host collector saved: the kernel's tables and the target's cgroup, as text at both ends of the window.
import { z } from "zod";
import type { Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";

/** The files of one look by their key: `pressure-cpu`, `cgroup2-cpu.stat`. */
export type HostLook = ReadonlyMap<string, Fact<string>>;

export interface HostEvidence {
  readonly first: HostLook;
  /** The same as `first` when there was no second one. */
  readonly last: HostLook;
  /** Between the two; undefined when there was one look only. */
  readonly windowMs: number | undefined;
  /** Where the cgroup's files were. */
  readonly cgroupFolders: readonly string[];
}

const CGROUP2 = ["cpu.stat", "cpu.max", "memory.current", "memory.max", "memory.events", "memory.pressure"];
const CGROUP1 = [
  "cpu.stat",
  "cpu.cfs_quota_us",
  "cpu.cfs_period_us",
  "memory.usage_in_bytes",
  "memory.limit_in_bytes",
  "memory.failcnt",
  "memory.oom_control",
];
const KEYS = [
  "stat",
  "meminfo",
  "loadavg",
  "vmstat",
  "diskstats",
  "pressure-cpu",
  "pressure-memory",
  "pressure-io",
  ...CGROUP2.map((file) => `cgroup2-${file}`),
  ...CGROUP1.map((file) => `cgroup1-${file}`),
];

const Summary = z.object({
  windowMs: z.number().nonnegative().optional(),
  cgroupFolders: z.array(z.string()).optional(),
});

export async function readHost(files: CollectorFiles): Promise<HostEvidence | undefined> {
  const [first, last, summary] = await Promise.all([
    readLook(files, "first"),
    readLook(files, "last"),
    files.json("summary.json", Summary),
  ]);
  if (first.size === 0) return undefined;
  const isTwice = last.size > 0;
  return {
    first,
    last: isTwice ? last : first,
    windowMs: isTwice ? summary?.windowMs : undefined,
    cgroupFolders: summary?.cgroupFolders ?? [],
  };
}

async function readLook({ text, path }: CollectorFiles, name: string): Promise<HostLook> {
  const found = await Promise.all(
    KEYS.map(async (key) => {
      const file = `${name}-${key}.txt`;
      const value = await text(file);
      return value === undefined ? [] : [[key, { value, file: path(file) }] as const];
    }),
  );
  return new Map(found.flat());
}
