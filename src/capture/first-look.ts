// Phase 0: at once, in this process, without a fork or a thread hop, everything in /proc about the one sick pid. If the
// process dies a moment later, this exists. JSON Lines, so that nothing in a stranger's text can forge a line.
// Environment values are never read into it.
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import type { HeldProcess } from "../host/process-files.ts";

/** Files of /proc/PID (proc(5)); what a kernel does not have is told as its errno. smaps_rollup is left to a collector: it holds the target's mmap lock for as long as its memory is large. */
const PROCESS = [
  "stat",
  "status",
  "cmdline",
  "limits",
  "cgroup",
  "io",
  "statm",
  "wchan",
  "syscall",
  "stack",
  "schedstat",
  "oom_score",
  "oom_score_adj",
  "net/sockstat",
  "net/tcp",
  "net/tcp6",
  "net/udp",
  "net/unix",
  "net/snmp",
  "net/netstat",
  "maps",
];
const THREAD = ["stat", "status", "schedstat", "wchan", "syscall", "stack"];
const HOST = ["loadavg", "stat", "meminfo", "pressure/cpu", "pressure/memory", "pressure/io", "uptime"];

/** Beyond these a look would no longer be quick; the collectors take the rest, and the last line says what was left out. */
const MAX_THREADS = 64;
const MAX_FILES = 512;
const MAX_BYTES = 256 * 1024;

export interface FirstLook {
  /** JSON Lines. */
  readonly data: Buffer;
  readonly entries: number;
  readonly unreadable: number;
}

/** The bytes of one file as JSON: lines where it is text, the NUL-separated parts of cmdline, base64 for anything else. */
function content(path: string, bytes: Buffer): Record<string, unknown> {
  if (!isUtf8(bytes)) return { base64: bytes.toString("base64") };
  const text = bytes.toString("utf8");
  if (path === "cmdline") return { items: text.replace(/\0$/, "").split("\0") };
  return { lines: text.replace(/\n$/, "").split("\n") };
}

/** Reads all of it synchronously; what cannot be read is a line with the errno. */
export function takeFirstLook(held: HeldProcess, startedAt: string): FirstLook {
  const lines: string[] = [];
  let unreadable = 0;
  const add = (path: string, read: () => Buffer) => {
    let line: Record<string, unknown>;
    try {
      line = { path, ...content(path, read()) };
    } catch (error) {
      unreadable++;
      line = { path, error: errnoOf(error) ?? String(error) };
    }
    lines.push(JSON.stringify(line));
  };
  const list = (path: string): readonly string[] => {
    try {
      return held.listSync(path);
    } catch (error) {
      unreadable++;
      lines.push(JSON.stringify({ path, error: errnoOf(error) ?? String(error) }));
      return [];
    }
  };

  lines.push(JSON.stringify({ path: ".", startedAt, pid: held.pid }));
  for (const name of PROCESS) add(name, () => held.readSync(name, MAX_BYTES));
  for (const name of ["exe", "cwd", "root", "ns/net", "ns/pid", "ns/mnt"])
    add(name, () => held.linkSync(name));
  const threads = list("task");
  for (const thread of threads.slice(0, MAX_THREADS))
    for (const name of THREAD)
      add(`task/${thread}/${name}`, () => held.readSync(`task/${thread}/${name}`, MAX_BYTES));
  const files = list("fd");
  for (const file of files.slice(0, MAX_FILES)) add(`fd/${file}`, () => held.linkSync(`fd/${file}`));
  for (const name of HOST) add(`/proc/${name}`, () => readFileSync(`/proc/${name}`));
  const leftOut = {
    threads: Math.max(0, threads.length - MAX_THREADS),
    files: Math.max(0, files.length - MAX_FILES),
  };
  lines.push(JSON.stringify({ path: ".", leftOut, endedAt: new Date().toISOString() }));
  return { data: Buffer.from(`${lines.join("\n")}\n`), entries: lines.length, unreadable };
}
