// Evidence as a capture leaves it, from what a test says its files hold, and what the rules read in it.
import { readEvidence, type EvidenceTarget } from "../../src/readings/evidence.ts";
import { judgeEvidence } from "../../src/readings/judge.ts";
import type { Expectations, Reading } from "../../src/readings/rule.ts";

export const TARGET: EvidenceTarget = {
  kind: "pid",
  asked: "42",
  pid: 42,
  startTime: "777",
  bootId: "boot",
  command: "node",
  uid: 1000,
  runtime: { name: "node" },
};

/** Files by their path below evidence/: `sockets/tcp.txt`. Anything but text is written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

export function evidenceFrom(files: Files, target: EvidenceTarget | undefined = TARGET) {
  return readEvidence(
    async (path) => {
      const content = files[path.slice("evidence/".length)];
      if (content === undefined) return undefined;
      return Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
    },
    { target },
  );
}

/** The readings of these files, the most telling first. */
export async function readingsOf(
  files: Files,
  { target, expectations }: { readonly target?: EvidenceTarget; readonly expectations?: Expectations } = {},
): Promise<readonly Reading[]> {
  return judgeEvidence(await evidenceFrom(files, target), expectations);
}

/** Of one id, what a test compares: undefined when there is none. */
export async function readingOf(id: string, ...request: Parameters<typeof readingsOf>) {
  const found = (await readingsOf(...request)).find((reading) => reading.id === id);
  if (found === undefined) return undefined;
  const { text, value, unit, sureness, speaksFor, file, line } = found;
  return { text, value, unit, sureness, speaksFor, file, ...(line === undefined ? {} : { line }) };
}

/** JSON Lines. */
export const lines = (values: readonly unknown[]) =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");

interface Connection {
  readonly state?: string;
  readonly local?: string;
  readonly peer?: string;
  readonly recvQueue?: number;
  readonly retransmits?: number;
}

const STATES = ["", "ESTABLISHED", "SYN_SENT", "", "", "", "", "", "CLOSE_WAIT", "", "LISTEN"];

const hex = (value: number, width: number) => value.toString(16).toUpperCase().padStart(width, "0");

/** The files of the sockets collector for TCP sockets that are the same at both looks; inodes count from 1. */
export function socketFiles(
  connections: readonly Connection[],
  counters: Readonly<Record<string, unknown>> = {},
): Files {
  const own = connections.map((one, index) => ({
    protocol: "tcp",
    family: "inet",
    state: "ESTABLISHED",
    local: `10.0.0.1:${40_000 + index}`,
    recvQueue: 0,
    sendQueue: 0,
    retransmits: 0,
    ...one,
    inode: index + 1,
  }));
  const table = own
    .map(({ state, recvQueue, retransmits, inode }) =>
      [
        `${inode}: 0100000A:9C40 0200000A:07E5 ${hex(STATES.indexOf(state), 2)} 00000000:${hex(recvQueue, 8)}`,
        `00:00000000 ${hex(retransmits, 8)} 0 0 ${inode} 1 0 20 4 0 10 -1\n`,
      ].join(" "),
    )
    .join("");
  return {
    "sockets/sockets.jsonl": lines(own),
    "sockets/tcp.txt": `head\n${table}`,
    "sockets/tcp-last.txt": `head\n${table}`,
    "sockets/counters.json": { windowMs: 5000, counters },
  };
}

/** `times` connections that differ in nothing but their own port. */
export const several = (times: number, connection: Connection): readonly Connection[] =>
  Array.from({ length: times }, () => connection);

interface ThreadAt {
  readonly state?: string;
  readonly syscall?: string;
  readonly cpuPercent?: number;
  readonly voluntary?: number;
}

/** The files of the threads collector: what `at` says of each of these threads at each of six looks. */
export function threadFiles(tids: readonly number[], at: (tid: number, look: number) => ThreadAt): Files {
  const looks = [0, 1, 2, 3, 4, 5];
  const each = looks.flatMap((look) => tids.map((tid) => ({ tid, look, ...at(tid, look) })));
  return {
    "threads/samples.jsonl": lines(
      each.map(({ tid, look, state = "S", syscall }) => ({
        monotonicMs: look * 1000,
        tid,
        name: "t",
        state,
        syscall,
      })),
    ),
    "threads/usage.jsonl": lines(
      each
        .filter(({ look }) => look > 0)
        .map(({ tid, cpuPercent = 0, voluntary = 0 }) => ({
          elapsedMs: 1000,
          tid,
          name: "t",
          cpuPercent,
          latPercent: 0,
          voluntary,
          involuntary: 0,
        })),
    ),
    "threads/summary.json": { mainThread: 42, windowMs: 5000, waitPercent: 20 },
  };
}

/** The looks at the whole process, a second apart, with the values of each key in turn. */
export function processLooks(values: Readonly<Record<string, readonly number[]>>): Files {
  const count = Math.max(...Object.values(values).map(({ length }) => length));
  return {
    "threads/process.jsonl": lines(
      Array.from({ length: count }, (_, look) => ({
        monotonicMs: look * 1000,
        ...Object.fromEntries(Object.entries(values).map(([key, all]) => [key, all[look]])),
      })),
    ),
  };
}

/** The files of the open-files collector. */
export const openFiles = (open: number, limit: number | "unlimited" = 1000): Files => ({
  "open-files/summary.json": { open, limit, types: { socket: open } },
  "open-files/limits.txt": `Max open files            ${limit}                 ${limit}                 files     \n`,
});

/** What the runtime collector saw in a Node process. */
export const inspected = (more: Readonly<Record<string, unknown>>): Files => ({
  "runtime/summary.json": {
    method: "inspector",
    window_ms: 5000,
    nodejs: { eventloop: { turned: true, silent_ms: 0, utilization: 0.2 } },
    ...more,
  },
});

/** The system call of a thread that waits for the mutex at this address. */
export const LOCK = (address: string) => `202 ${address} 0x80 0x2 0x0 0x0 0x0 0x7ffe 0x7fff`;

export const TIDS = [42, 43, 44, 45, 46];
