// The target's own network namespace through /proc/PID/net, at the beginning and at the end of the window: what is
// stuck is so both times. Nothing here touches the target.
import {
  compareCounters,
  parseProcNetCounters,
  parseSockstat,
  type Counters,
} from "../../parsers/proc-net-counters.ts";
import { copyFile, tryRead, tryRun } from "../attempts.ts";
import type { CollectorContext, Reading, Tick } from "../collector.ts";
import {
  SOCKET_TABLES,
  TABLE_LIMIT_BYTES,
  isOptionalTable,
  joinSockets,
  listSocketDescriptors,
  parseTable,
  type TableSocket,
} from "./held-sockets.ts";
import { listRows, summariseSockets, tableOf } from "./listing.ts";

interface SocketOptions {
  readonly maxFiles: number;
}
type Context = CollectorContext<SocketOptions>;

const COUNTER_LIMIT_BYTES = 256 * 1024;

export async function collectLinuxSockets(context: Context): Promise<readonly Reading[]> {
  context.method("proc");
  let first: Counters | undefined;
  let begin: Tick | undefined;
  let end: Tick | undefined;
  for await (const tick of context.ticks(Math.max(context.windowMs, 1))) {
    begin ??= tick;
    first ??= await lookFirst(context);
    if (tick.index > 0) end = tick;
  }
  if (first === undefined || begin === undefined) return [];
  const windowMs = end === undefined ? 0 : Math.round(end.monotonicMs - begin.monotonicMs);
  const last = end === undefined ? undefined : await lookAgain(context);

  const changes = last === undefined ? undefined : compareCounters(first, last);
  if (changes === undefined) context.gap("there was time for one look only: counters have no difference");
  else
    await context.saveJson("counters.json", {
      windowMs,
      from: begin.at,
      to: end?.at,
      counters: Object.fromEntries(changes),
    });
  return [];
}

/** The counters of the first look; its sockets are saved. */
async function lookFirst(context: Context): Promise<Counters> {
  // Descriptors first: a socket made after that is missing in the list, not in the tables.
  const descriptors = await listSocketDescriptors(context, context.options.maxFiles);
  const sockets: TableSocket[] = [];
  for (const table of SOCKET_TABLES) {
    const text = await copyTable(context, table.path, "");
    if (text !== undefined) for (const socket of parseTable(text, table)) sockets.push(socket);
  }
  const counters = await readCounters(context, "first");
  const sockstat = await copySmall(context, "net/sockstat", "sockstat.txt");
  await copySmall(context, "net/sockstat6", "sockstat6.txt");

  const held = descriptors === undefined ? undefined : joinSockets(descriptors, sockets);
  if (held !== undefined) {
    const rows = listRows(held);
    await context.saveLines("sockets.jsonl", rows);
    await context.save("netstat.txt", tableOf(rows));
  }
  const counts = parseSockstat(sockstat ?? "");
  await context.saveJson("summary.json", summariseSockets(held, sockets, counts));
  await runSs(context);
  return counters;
}

/** The counters of the last look; its tables are saved. */
async function lookAgain(context: Context): Promise<Counters> {
  for (const table of SOCKET_TABLES.filter(({ protocol }) => protocol === "tcp"))
    await copyTable(context, table.path, "-last");
  return readCounters(context, "last");
}

async function copyTable(context: Context, path: string, suffix: string): Promise<string | undefined> {
  const as = `${path.slice("net/".length)}${suffix}.txt`;
  const isOptional = isOptionalTable(path);
  const bytes = await copyFile(context, path, { as, limitBytes: TABLE_LIMIT_BYTES, isOptional });
  return bytes?.toString("latin1");
}

async function copySmall(context: Context, path: string, as: string): Promise<string | undefined> {
  const isOptional = path.endsWith("6");
  const bytes = await copyFile(context, path, { as, limitBytes: COUNTER_LIMIT_BYTES, isOptional });
  return bytes?.toString("utf8");
}

async function readCounters(context: Context, when: "first" | "last"): Promise<Counters> {
  const snmp = await copySmall(context, "net/snmp", `snmp-${when}.txt`);
  const netstat = await copySmall(context, "net/netstat", `netstat-${when}.txt`);
  return parseProcNetCounters(`${snmp ?? ""}\n${netstat ?? ""}`);
}

/** ss, where it can be run in the target's network namespace: its lines are easier to read than the kernel's. */
async function runSs(context: Context): Promise<void> {
  const { process, host, gap, has, target } = context;
  if (!(await has("ss"))) return;
  const own = await tryRead(gap, { what: "/proc/self/ns/net", read: () => host.link("/proc/self/ns/net") });
  const theirs = await tryRead(gap, { what: "ns/net", read: () => process.link("ns/net") });
  if (own === undefined || theirs === undefined) {
    gap("ss was not run: it is not known whether the target is in our network namespace");
    return;
  }
  const command: readonly [string, ...string[]] = ["ss", "-H", "-tuxanpeiom"];
  if (own.equals(theirs)) await tryRun(context, command, { as: "ss.txt" });
  else await tryRun(context, ["nsenter", "-t", String(target.pid), "-n", ...command], { as: "ss.txt" });
}
