// The log files that a process has open, read through its own descriptors: the file behind a descriptor is found even
// when it was rotated away or lies in another mount namespace. Only regular files are read (the context sees to that).
import { parseFdinfo, writingOf } from "../../parsers/fdinfo.ts";
import { printable } from "../../printable.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";
import type { LogOptions } from "./linux.ts";

/** Descriptors beyond these are not looked at: each costs a system call or two. */
const MAX_DESCRIPTORS = 20_000;
const PATH_LIMIT = 4096;

interface OpenLog {
  readonly fd: number;
  readonly path: string;
  readonly append: boolean;
}

/** Saves `open-FD.log` for each and index.json, and returns how many there are. */
export async function saveOpenLogs(context: CollectorContext<LogOptions>): Promise<number> {
  const logs = await findOpenLogs(context);
  const { maxFiles, tailBytes } = context.options;
  const index: Record<string, unknown>[] = [];
  for (const { fd, path, append } of logs.slice(0, maxFiles)) {
    const entry = { fd, path, append };
    const end = await answerTo(context.process.tail(`fd/${fd}`, tailBytes));
    if ("errno" in end) {
      index.push({ ...entry, error: end.errno });
      // EINVAL: a fifo or a device with a log's name. Anything else is a log that we did not get.
      if (end.errno !== "EINVAL")
        context.gap(`the log file of descriptor ${fd} could not be read: ${end.errno}`);
      continue;
    }
    const file = `open-${fd}.log`;
    await context.save(file, end.value);
    index.push({ ...entry, file, bytes: end.value.length, onlyTheEnd: end.value.length === tailBytes });
  }
  const leftOut = Math.max(0, logs.length - maxFiles);
  if (leftOut > 0) context.gap(`${leftOut} more log files are open; maxFiles is ${maxFiles}`);
  if (logs.length > 0) await context.saveJson("index.json", { files: index, leftOut });
  return logs.length;
}

/** By descriptor; a file that is open more than once is told once. */
async function findOpenLogs({ process, gap }: CollectorContext<unknown>): Promise<readonly OpenLog[]> {
  const listing = await answerTo(process.list("fd"));
  if ("errno" in listing) {
    gap(`its open files cannot be listed: ${listing.errno}`);
    return [];
  }
  const descriptors = listing.value.filter((name) => /^\d{1,9}$/.test(name)).map(Number);
  if (descriptors.length > MAX_DESCRIPTORS)
    gap(`of ${descriptors.length} descriptors only ${MAX_DESCRIPTORS} were looked at`);
  const logs = new Map<string, OpenLog>();
  for (const fd of descriptors.toSorted((a, b) => a - b).slice(0, MAX_DESCRIPTORS)) {
    const link = await answerTo(process.link(`fd/${fd}`));
    if ("errno" in link || !mayBeFile(link.value.toString("latin1"))) continue;
    const info = await answerTo(process.read(`fdinfo/${fd}`));
    if ("errno" in info) continue;
    const path = printable(link.value, PATH_LIMIT);
    const { inode, flags } = parseFdinfo(info.value.toString("latin1"));
    const { writable, append } = writingOf(flags);
    const key = `${path}\n${inode ?? ""}`;
    if (writable && isLog(path, fd, append) && !logs.has(key)) logs.set(key, { fd, path, append });
  }
  return [...logs.values()];
}

/** What is no path (`pipe:[1]`, `anon_inode:...`), a device, or memory (memfd) is no log. */
function mayBeFile(link: string): boolean {
  return link.startsWith("/") && !/^\/(?:dev|proc|sys|memfd:|SYSV)/.test(link);
}

/** Whether a file that the target writes is one of its logs: appended to, or named like one, or what it prints to. */
function isLog(path: string, fd: number, append: boolean): boolean {
  const name = path.replace(/ \(deleted\)$/, "");
  // These are data that is appended to (Redis, LevelDB and its kin, databases' own logs of changes), not text.
  if (/\.(?:aof|wal|db|ldb|sst|data|sqlite|journal)$/i.test(name)) return false;
  return append || fd === 1 || fd === 2 || name.endsWith(".log") || name.startsWith("/var/log/");
}
