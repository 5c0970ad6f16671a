// A recorded host: a collector cannot tell it from the real one. Commands and files answer from what a test hands in;
// everything the collector saves is kept for the test to look at.
import { readFileSync } from "node:fs";
import { CommandError } from "../../src/errors.ts";
import { readEvidence } from "../../src/readings/evidence.ts";
import { judgeEvidence } from "../../src/readings/judge.ts";
import type {
  Collector,
  CollectorContext,
  CollectorTarget,
  LateWork,
  Left,
  Platform,
  Reading,
} from "../../src/collectors/collector.ts";
import type { InspectAnswer, TraceWatch } from "../../src/collectors/inspection.ts";

export interface RecordedCommand {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
}

export interface Recording {
  readonly platform?: Platform;
  readonly target?: Partial<CollectorTarget>;
  readonly options?: unknown;
  readonly windowMs?: number;
  readonly left?: Partial<Left>;
  /** By the command line joined with blanks; `*` at the end matches any rest. A missing one fails like ENOENT. */
  readonly commands?: Readonly<Record<string, RecordedCommand>>;
  /** By path below /proc/PID; a function answers each read anew. */
  readonly process?: Readonly<Record<string, string | (() => string)>>;
  /** What looking inside it gives; refused when there is none. */
  readonly inspection?: InspectAnswer;
  /** V8's own lines about its collections; all were seen one millisecond after they were written, by an isolate that began at this time. */
  readonly traced?: { readonly beganUnixMs: number; readonly lines: readonly string[] };
  readonly processLinks?: Readonly<Record<string, string>>;
  /** By absolute path. */
  readonly host?: Readonly<Record<string, string | (() => string)>>;
}

export function fixture(path: string): string {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: "ENOENT" });
}

function filesOf(
  files: Readonly<Record<string, string | (() => string)>>,
  links: Readonly<Record<string, string>>,
) {
  const all = [...Object.keys(files), ...Object.keys(links)];
  return {
    read: async (path: string) => {
      const content = files[path];
      if (content === undefined) throw missing(path);
      return Buffer.from(typeof content === "string" ? content : content());
    },
    list: async (path: string) => {
      const below = all
        .filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1));
      if (below.length === 0) throw missing(path);
      return [...new Set(below.map((name) => name.split("/")[0] ?? ""))];
    },
    link: async (path: string) => {
      const link = links[path];
      if (link === undefined) throw missing(path);
      return Buffer.from(link);
    },
  };
}

/** As on a live host: only what the target has open as a regular file has an end to read. */
function processFilesOf(recording: Recording) {
  const files = filesOf(recording.process ?? {}, recording.processLinks ?? {});
  return {
    ...files,
    tail: async (path: string, bytes: number) => {
      const link = recording.processLinks?.[path];
      if (link !== undefined && recording.process?.[path] === undefined)
        throw Object.assign(new Error("EINVAL: not a regular file"), { code: "EINVAL" });
      const content = await files.read(path);
      return content.subarray(Math.max(0, content.length - bytes));
    },
  };
}

function watchRecorded({ traced }: Recording): TraceWatch {
  let left = traced?.lines ?? [];
  return {
    take: () => {
      const lines = left.map((text) => {
        const atMs = Number(/\] +(\d+) ms: /.exec(text)?.[1]);
        return { text, seenUnixMs: (traced?.beganUnixMs ?? 0) + atMs + 1 };
      });
      left = [];
      return { lines, breaks: 0, unknown: traced === undefined ? "its memory may not be read" : undefined };
    },
    end: () => undefined,
  };
}

/** What the rules read in what one collector saved; `file` is the name in its folder, as in a collector's own readings. */
async function judgeSaved(collector: string, saved: ReadonlyMap<string, string>) {
  const folder = `evidence/${collector}/`;
  const evidence = await readEvidence(async (path) => {
    const text = path.startsWith(folder) ? saved.get(path.slice(folder.length)) : undefined;
    return text === undefined ? undefined : Buffer.from(text);
  }, {});
  return judgeEvidence(evidence).map(
    ({ question: _question, next: _next, sureness: _sure, speaksFor: _for, file, ...reading }) => ({
      ...reading,
      file: file.slice(folder.length),
    }),
  );
}

/** Runs a collector on a recorded host; its readings are its own and those that the rules make of its files. */
export async function collectRecorded(collector: Collector, recording: Recording) {
  const saved = new Map<string, string>();
  const gaps: string[] = [];
  const methods: string[] = [];
  const ran: string[] = [];
  const save = async (name: string, data: string | Uint8Array) => {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) throw new Error(`bad evidence name ${name}`);
    if (saved.has(name)) throw new Error(`evidence name ${name} used twice`);
    saved.set(name, typeof data === "string" ? data : Buffer.from(data).toString("utf8"));
  };
  const answer = (line: string): RecordedCommand | undefined => {
    const exact = recording.commands?.[line];
    if (exact) return exact;
    const key = Object.keys(recording.commands ?? {}).find(
      (k) => k.endsWith("*") && line.startsWith(k.slice(0, -1)),
    );
    return key === undefined ? undefined : recording.commands?.[key];
  };
  const windowMs = recording.windowMs ?? 3000;
  const late: LateWork[] = [];
  const context: CollectorContext<unknown> = {
    platform: recording.platform ?? "linux",
    target: { pid: 42, startTime: "1000", command: "node", runtime: { name: "node" }, ...recording.target },
    options: recording.options ?? {},
    signal: new AbortController().signal,
    windowMs,
    run: async (argv, options) => {
      const line = argv.join(" ");
      ran.push(line);
      const found = answer(line);
      if (!found) throw new CommandError(`${argv[0]}: not on this host`);
      const output = {
        stdout: found.stdout ?? "",
        stderr: found.stderr ?? "",
        exitCode: found.exitCode ?? 0,
        signal: undefined,
        truncated: false,
      };
      await save(options.as, output.stdout);
      if (output.stderr !== "") await save(`${options.as}.stderr`, output.stderr);
      if (output.exitCode !== 0 && !options.accept?.includes(output.exitCode))
        throw new CommandError(`${argv[0]}: exit status ${output.exitCode}: ${output.stderr.trim()}`, {
          exitStatus: output.exitCode,
        });
      return output;
    },
    has: async (command) =>
      Object.keys(recording.commands ?? {}).some((line) => line.split(" ")[0] === command),
    inspect: async () => recording.inspection ?? { refused: "its inspector is left alone: not recorded" },
    watchTrace: () => watchRecorded(recording),
    process: processFilesOf(recording),
    host: filesOf(recording.host ?? {}, {}),
    save,
    saveJson: (name, value) => save(name, `${JSON.stringify(value, undefined, 2)}\n`),
    saveLines: (name, values) =>
      save(name, [...values].map((value) => `${JSON.stringify(value)}\n`).join("")),
    lines: async (name) => {
      await save(name, "");
      const write = (value: unknown) =>
        void saved.set(name, `${saved.get(name) ?? ""}${JSON.stringify(value)}\n`);
      return {
        write: async (value) => write(value),
        writeMany: async (values) => values.forEach(write),
      };
    },
    stream: async (name) => {
      await save(name, "");
      return async (text) => void saved.set(name, `${saved.get(name) ?? ""}${text}`);
    },
    reserve: async (name) => `/recorded/${name}`,
    ticks: async function* (periodMs) {
      for (let index = 0; index * periodMs <= windowMs; index++)
        yield {
          index,
          at: new Date(1_790_000_000_000 + index * periodMs).toISOString(),
          monotonicMs: index * periodMs,
        };
    },
    gap: (reason) => void gaps.push(reason),
    method: (name) => void methods.push(name),
    left: async () => ({
      timeMs: 60_000,
      pauseMs: 10_000,
      bytes: 1e12,
      memoryBytes: 1e12,
      ...recording.left,
    }),
    mark: "recorded",
    lateFile: "/recorded/late.jsonl",
    hold: async (work) => (await work(new AbortController().signal)).value,
    later: (_, work) => void late.push(work),
  };
  const first = await collector.collect(context);
  const rest: Reading[] = [];
  for (const work of late)
    rest.push(...(await work({ signal: context.signal, saveJson: context.saveJson, gap: context.gap })));
  const readings = [...first, ...rest, ...(await judgeSaved(collector.name, saved))];
  /** The values of a JSON Lines file. */
  const lines = (name: string): unknown[] =>
    (saved.get(name) ?? "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  return { readings, saved, lines, gaps, methods, ran };
}
