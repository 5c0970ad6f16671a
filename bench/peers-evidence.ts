// Looks into a result for the five kinds of evidence that RFD 124 asks for before a restart. Every answer comes from the
// files, by searching them for what is known to be true of the target; none knows which tool made them, but for where a
// tool says of itself when it did what.
import { spawnSync } from "node:child_process";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { z } from "zod";
import { readCoreFile } from "../src/core/elf-core.ts";
import { filesBelow } from "./peers-contenders.ts";
import type { Facts } from "./peers-target.ts";

export interface Check {
  readonly kind: string;
  readonly what: string;
  /** The file that holds it; undefined when none does. */
  readonly found: string | undefined;
}

export interface Search {
  readonly facts: Facts;
  /** The result, unpacked; and the file or folder that it was unpacked from. */
  readonly folder: string;
  readonly result: string;
  readonly incident: string;
  readonly reason: string;
  /** Where an incident record would be, were there one. */
  readonly records: string;
}

interface Text {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Larger files are cores and archives. */
const TEXT_BYTES = 20_000_000;

function texts(folder: string): readonly Text[] {
  return filesBelow(folder)
    .filter((path) => statSync(path).size < TEXT_BYTES)
    .map((path) => ({ path: relative(folder, path), lines: readFileSync(path, "utf8").split("\n") }));
}

/** As a number with its unit or its name: sentences about garbage collection are none. */
const GC_SHARE = /\b(gc|garbage collection)\b[^%\n]{0,40}?\d ?%|\bgc(Share|Percent)"?:\s*\d/i;

const number = (value: number | string) => new RegExp(`(?<![\\w.])${value}(?!\\w)`);
const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width, "0");

/** The first file in which one line satisfies all. */
function lineWith(files: readonly Text[], ...patterns: readonly RegExp[]): string | undefined {
  return files.find(({ lines }) => lines.some((line) => patterns.every((pattern) => pattern.test(line))))
    ?.path;
}

/** A core whose headers are sound, which is as long as they say, and in which no thread is missing. */
async function wholeCore(folder: string, threadIds: readonly number[]): Promise<string | undefined> {
  for (const path of filesBelow(folder)) {
    const contents = (await readCoreFile(path))?.contents;
    if (contents === undefined || statSync(path).size < contents.neededBytes) continue;
    if (threadIds.every((id) => contents.threadIds?.includes(id))) return path;
  }
  return undefined;
}

async function holds(path: string, word: string): Promise<boolean> {
  let tail = "";
  for await (const chunk of createReadStream(path, { encoding: "latin1", highWaterMark: 1024 ** 2 })) {
    const text = tail + String(chunk);
    if (text.includes(word)) return true;
    tail = text.slice(-word.length);
  }
  return false;
}

/** A file in which every thread of the target has three rows or more, at three times of day or more. */
function threadSamples(files: readonly Text[], { threadIds }: Facts): string | undefined {
  return files.find(({ lines }) => {
    const times = new Set(lines.flatMap((line) => /(?<!\d)\d\d:\d\d:\d\d(?!\d)/.exec(line)?.[0] ?? []));
    if (times.size < 3) return false;
    return threadIds.every((id) => {
      const pattern = number(id);
      return lines.filter((line) => pattern.test(line)).length >= 3;
    });
  })?.path;
}

/** A connection by its local port (as text, or in hexadecimal as in /proc/net/tcp), on one line with who holds it. */
function connection(
  files: readonly Text[],
  { pid, dead }: Facts,
  ...more: readonly RegExp[]
): string | undefined {
  const port = new RegExp(`:(?:${dead.port}|${hex(dead.port, 4)})\\b`);
  const owner = new RegExp(`${number(pid).source}|${number(dead.inode).source}`);
  return lineWith(files, port, owner, ...more);
}

/** The line in the fence above, if there is one; a long line is cut there, and a tab is written as two characters. */
function quotedAbove(lines: readonly string[], at: number): string | undefined {
  if (!/^ *```$/.test(lines[at - 1] ?? "")) return undefined;
  return lines[at - 2]?.trim().replace(/…$/, "").replaceAll("\\t", "\t");
}

/** Who reads the incident finds the reason, and under a sentence its raw line: each that is quoted is in the file named. */
function sentenceOnRecord(search: Search, files: readonly Text[]): string | undefined {
  if (!existsSync(search.records)) return undefined;
  const record = texts(search.records).find(({ lines }) =>
    lines.some((line) => line.includes(search.reason)),
  );
  const quotes = record?.lines.flatMap((line, index) => {
    const source = /^ +from `(.+)`$/.exec(line)?.[1];
    const raw = quotedAbove(record.lines, index);
    return source === undefined || raw === undefined ? [] : [{ source, raw }];
  });
  const isTrue = quotes?.every(({ source, raw }) =>
    files.some(({ path, lines }) => path === source && lines.some((line) => line.includes(raw))),
  );
  return quotes?.length && isTrue ? record?.path : undefined;
}

/** Digests that a tool of the system confirms: of each file inside, or of the archive beside it. */
function digests({ folder, result }: Search): string | undefined {
  // From the bundle itself: what was unpacked here has another form.
  if (existsSync(join(result, "SHA256SUMS"))) {
    const verifying = spawnSync("sha256sum", ["-c", "--status", "SHA256SUMS"], { cwd: result });
    return verifying.status === 0 ? "SHA256SUMS" : undefined;
  }
  const beside = ["md5", "sha256"].find((kind) => existsSync(`${result}.${kind}`));
  if (beside === undefined) return undefined;
  const said = readFileSync(`${result}.${beside}`, "utf8").trim().split(/\s/)[0];
  const own = spawnSync(`${beside}sum`, [basename(result)], {
    cwd: dirname(result),
    encoding: "utf8",
  }).stdout;
  return said !== undefined && own.startsWith(said) ? `${basename(folder)}: of the archive alone` : undefined;
}

const check = (kind: string, what: string, found: string | undefined): Check => ({ kind, what, found });

/** All that a result is asked for, in the order of the table. */
export async function checkEvidence(search: Search): Promise<readonly Check[]> {
  const { facts, folder, incident } = search;
  const files = texts(folder);
  const core = await wholeCore(folder, facts.threadIds);
  const heap = core !== undefined && (await holds(core, facts.heapWord));
  const s = "1 static state";
  const d = "2 dynamic state";
  const p = "3 proof that a restart would help";
  const c = "4 raw data with its context";
  return [
    check(s, `a whole core with all ${facts.threadIds.length} threads`, core),
    check(s, "in it a string that only the target's heap holds", heap ? core : undefined),
    check(d, "3 samples or more of every thread's CPU", threadSamples(files, facts)),
    check(d, "share of time in garbage collection", lineWith(files, GC_SHARE)),
    check(p, "a connection in CLOSE_WAIT, with its owner", connection(files, facts, /CLOSE[-_]WAIT|\s08\s/)),
    check(p, "the bytes it has not read from it", unread(files, facts)),
    check(p, "its limit of open files, and what is open", openFiles(files, facts)),
    check(p, "its own log's lines", lineWith(files, new RegExp(facts.logWord))),
    check(c, "the incident's id", incidentId(search, files, incident)),
    check(c, "reason and sentence with the raw line, on the record", sentenceOnRecord(search, files)),
    check(c, "which process: pid with its start time", identity(files, facts)),
    check(c, "start and end of each item", itemTimes(search)),
    check(c, "digests that verify", digests(search)),
    check(
      "5 confirmation afterwards",
      "the same, after the restart, compared",
      lineWith(files, /"phase":\s*"after"/),
    ),
  ];
}

function unread(files: readonly Text[], facts: Facts): string | undefined {
  const { unread: bytes } = facts.dead;
  return connection(files, facts, new RegExp(`${number(bytes).source}|:${hex(bytes, 8)}\\b`));
}

function openFiles(files: readonly Text[], { logPath }: Facts): string | undefined {
  const isListed = files.some(({ lines }) => lines.some((line) => line.includes(logPath)));
  return isListed ? lineWith(files, /^Max open files\s+\d/) : undefined;
}

function incidentId({ result }: Search, files: readonly Text[], incident: string): string | undefined {
  return basename(result).includes(incident) ? "name" : lineWith(files, new RegExp(incident));
}

/** The kernel's clock ticks, or what ps makes of them. */
function identity(files: readonly Text[], { pid, startTime, startedAt }: Facts): string | undefined {
  const started = new RegExp(`${number(startTime).source}|${startedAt}`);
  return files.find(
    ({ lines }) => lines.some((line) => number(pid).test(line)) && lines.some((line) => started.test(line)),
  )?.path;
}

const Items = z.record(z.string(), z.unknown());
const Timed = z.union([
  z.object({ startedAt: z.string(), endedAt: z.string() }),
  z.object({ start_time: z.string(), end_time: z.string() }),
]);

/** Whether a list with both times for three items or more is anywhere in parsed JSON. */
function hasItemTimes(value: unknown): boolean {
  if (Array.isArray(value) && value.filter((item) => Timed.safeParse(item).success).length >= 3) return true;
  const inside = Array.isArray(value) ? value : Object.values(Items.safeParse(value).data ?? {});
  return inside.some(hasItemTimes);
}

function itemTimes({ folder }: Search): string | undefined {
  const lists = filesBelow(folder).filter((path) => path.endsWith(".json"));
  return lists.find((path) => hasItemTimes(JSON.parse(readFileSync(path, "utf8"))));
}
