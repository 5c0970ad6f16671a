// The collectors that Exhibit comes with, and how people call them.
import { UsageError } from "../errors.ts";
import { closestName } from "../parsers/closest-name.ts";
import { printable } from "../printable.ts";
import type { Collector } from "./collector.ts";
import core from "./core.ts";
import heapSnapshot from "./heap-snapshot.ts";
import host from "./host.ts";
import logs from "./logs.ts";
import openFiles from "./open-files.ts";
import processCollector from "./process.ts";
import runtime from "./runtime.ts";
import sockets from "./sockets.ts";
import stacks from "./stacks.ts";
import threads from "./threads.ts";

/** Alphabetical; the order of a capture is the profile's. */
export const collectors: readonly Collector[] = [
  core,
  heapSnapshot,
  host,
  logs,
  openFiles,
  processCollector,
  runtime,
  sockets,
  stacks,
  threads,
];

/** The tools that people know, by the collector that gives what they gave. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["gcore", "core"],
  ["journalctl", "logs"],
  ["mpstat", "host"],
  ["netstat", "sockets"],
  ["nhttpsnoop", "runtime"],
  ["pargs", "process"],
  ["pfiles", "open-files"],
  ["plimit", "process"],
  ["prstat", "threads"],
  ["pstack", "stacks"],
  ["ptree", "process"],
  ["vmstat", "host"],
]);

/**
 * The collector of a name, or of the tool that people call it by. `among` may hold collectors of their own too; an
 * exact name comes first. Throws UsageError, with the name that was probably meant.
 */
export function findCollector(name: string, among: readonly Collector[] = collectors): Collector {
  const found =
    among.find((one) => one.name === name) ??
    among.find((one) => one.name === ALIASES.get(name)) ??
    among.find((one) => one.tool === name);
  if (found) return found;
  const names = [...new Set([...among.flatMap((one) => [one.name, one.tool]), ...ALIASES.keys()])];
  const meant = closestName(name, names);
  const known = `the collectors are ${among.map((one) => one.name).join(", ")}`;
  throw new UsageError(`unknown collector ${printable(name, 60)}`, {
    hint: meant === undefined ? known : `did you mean ${meant}?`,
  });
}
