// /proc/PID of the target, file by file as it is, then the facts that are in them. Files that need the target's memory
// map come last: a process that is stuck in a page fault can make their reader wait.
import { parseElfBuildId } from "../../parsers/elf-build-id.ts";
import { parseProcLimits } from "../../parsers/proc-limits.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { printable } from "../../printable.ts";
import { copyFile, tryRead } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { saveEnvironmentNames } from "./environment-names.ts";
import { describeProcess } from "./facts.ts";
import { collectTree } from "./tree.ts";
import { saveUnit } from "./unit.ts";

export interface ProcessOptions {
  readonly maxProcesses: number;
  readonly maxDescendants: number;
}

const EVERY_KERNEL = [
  "status",
  "stat",
  "limits",
  "cgroup",
  "statm",
  "oom_score",
  "oom_score_adj",
  "mountinfo",
  "comm",
];
/** A kernel may be built without these (CONFIG_SCHED_DEBUG, CONFIG_STACKTRACE, CONFIG_TASK_IO_ACCOUNTING...). */
const SOME_KERNELS = [
  "io",
  "sched",
  "schedstat",
  "wchan",
  "syscall",
  "stack",
  "autogroup",
  "cpuset",
  "personality",
  "coredump_filter",
  "loginuid",
  "uid_map",
  "gid_map",
];
const NEED_MEMORY_MAP = ["cmdline", "maps", "smaps_rollup"];
const LIMIT_BYTES = 4 * 1024 ** 2;
const EXECUTABLE_HEAD_BYTES = 64 * 1024;

/** Saves what /proc says of the target and the facts that are in it. */
export async function collectLinuxProcess(
  context: CollectorContext<ProcessOptions>,
): Promise<readonly Reading[]> {
  const { process, gap, save, saveJson } = context;
  context.method("proc");
  const texts = new Map<string, string>();
  const copy = async (path: string, isOptional: boolean) => {
    const bytes = await copyFile(context, path, { as: `${path}.txt`, limitBytes: LIMIT_BYTES, isOptional });
    if (bytes !== undefined) texts.set(path, bytes.toString("utf8"));
  };
  for (const path of EVERY_KERNEL) await copy(path, false);
  for (const path of SOME_KERNELS) await copy(path, true);

  const links = new Map<string, string>();
  for (const name of ["exe", "cwd", "root"]) {
    const target = await tryRead(gap, { what: name, read: () => process.link(name) });
    if (target !== undefined) links.set(name, printable(target, 4096));
  }
  await save("links.txt", [...links].map(([name, target]) => `${name} -> ${target}\n`).join(""));

  // Only the front of the file: a note that lies deeper is not worth reading a large executable for.
  const head = links.has("exe")
    ? await tryRead(gap, { what: "exe", read: () => process.read("exe", EXECUTABLE_HEAD_BYTES) })
    : undefined;
  const uptime = await tryRead(gap, {
    what: "/proc/uptime",
    read: () => context.host.read("/proc/uptime", 256),
  });

  const status = parseProcStatus(texts.get("status") ?? "");
  const facts = {
    status,
    stat: parseProcStat(texts.get("stat") ?? ""),
    limits: parseProcLimits(texts.get("limits") ?? ""),
    links,
    texts,
    buildId: head === undefined ? undefined : parseElfBuildId(head),
    uptimeText: uptime?.toString("utf8"),
  };
  await saveJson("process.json", describeProcess(facts));
  await collectTree(context);
  await saveEnvironmentNames(context);
  for (const path of NEED_MEMORY_MAP) await copy(path, path === "smaps_rollup");
  await saveUnit(context);
  return [];
}
