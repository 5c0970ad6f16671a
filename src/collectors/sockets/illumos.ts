// netstat of the zone that we run in: sockets without owners, so no sentence here is about the process. Whose they are
// is for pfiles to say (open-files). On illumos neither queue says what a process has not read.
import { parseNetstat, parseNetstatCounters, type NetstatSocket } from "../../parsers/netstat-illumos.ts";
import { compareCounters } from "../../parsers/proc-net-counters.ts";
import { printable } from "../../printable.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading, Tick } from "../collector.ts";
import { describePeer, portOf } from "../../parsers/connection-peers.ts";

const FAMILIES = ["inet", "inet6", "unix"];

interface FoundSocket extends NetstatSocket {
  readonly file: string;
}

export async function collectIllumosSockets(context: CollectorContext<unknown>): Promise<readonly Reading[]> {
  context.method("netstat");
  const place = await findPlace(context);
  const looks: { readonly tick: Tick; readonly counters: string | undefined }[] = [];
  let sockets: readonly FoundSocket[] = [];
  for await (const tick of context.ticks(Math.max(context.windowMs, 1))) {
    if (looks.length === 0) sockets = await listSockets(context);
    const name = looks.length === 0 ? "first" : "last";
    const output = await tryRun(context, ["netstat", "-s"], { as: `netstat-s-${name}.txt` });
    looks.push({ tick, counters: output?.stdout });
    if (looks.length === 2) break;
  }
  return [...readSockets(sockets, place), ...(await readCounters(context, looks, place))];
}

/** In words, whose sockets netstat shows. */
async function findPlace(context: CollectorContext<unknown>): Promise<string> {
  const output = await tryRun(context, ["zonename"], { as: "zonename.txt" });
  const zone = output?.stdout.trim();
  const { target } = context;
  if (zone === "global" && target.zone !== undefined && target.zone !== "global")
    context.gap(
      `netstat ran in the global zone: a network stack of zone ${printable(target.zone)} alone is not in it`,
    );
  return zone === undefined || zone === "" || zone === "global"
    ? "on this host"
    : `in zone ${printable(zone)}`;
}

async function listSockets(context: CollectorContext<unknown>): Promise<readonly FoundSocket[]> {
  const found: FoundSocket[] = [];
  for (const family of FAMILIES) {
    const file = `netstat-${family}.txt`;
    const output = await tryRun(context, ["netstat", "-an", "-f", family], { as: file });
    for (const socket of parseNetstat(output?.stdout ?? "")) found.push({ ...socket, file });
  }
  const rows = found.map(({ line: _line, file: _file, ...row }) => ({
    ...row,
    ...(row.protocol === "unix" && row.local !== undefined ? { local: printable(row.local) } : {}),
    ...(row.protocol === "unix" && row.peer !== undefined ? { peer: printable(row.peer) } : {}),
  }));
  await context.saveLines("sockets.jsonl", rows);
  return found;
}

function readSockets(sockets: readonly FoundSocket[], place: string): readonly Reading[] {
  const tcp = sockets.filter((socket) => socket.protocol === "tcp");
  const listening = new Set(
    tcp.filter((socket) => socket.state === "LISTEN").map(({ local }) => portOf(local)),
  );
  const reading = (id: string, state: string): readonly Reading[] => {
    const those = tcp.filter((socket) => socket.state === state);
    const [example] = those;
    if (example === undefined) return [];
    const worst = describePeer(those, listening);
    const noun = those.length === 1 ? "TCP connection" : "TCP connections";
    const text = `${those.length} ${noun} ${place} in ${state}, of whatever process${worst}.`;
    const base = { id, text, value: those.length, unit: "count", method: "netstat" };
    return [{ ...base, line: example.line, file: example.file }];
  };
  return [...reading("host-close-wait", "CLOSE_WAIT"), ...reading("host-syn-sent", "SYN_SENT")];
}

async function readCounters(
  { saveJson, gap }: CollectorContext<unknown>,
  looks: readonly { readonly tick: Tick; readonly counters: string | undefined }[],
  place: string,
): Promise<readonly Reading[]> {
  const [first, last] = looks;
  if (first?.counters === undefined || last?.counters === undefined) {
    gap("there are not two looks at netstat -s: counters have no difference");
    return [];
  }
  const windowMs = Math.round(last.tick.monotonicMs - first.tick.monotonicMs);
  const changes = compareCounters(parseNetstatCounters(first.counters), parseNetstatCounters(last.counters));
  await saveJson("counters.json", {
    windowMs,
    from: first.tick.at,
    to: last.tick.at,
    counters: Object.fromEntries(changes),
  });
  const drops = changes.get("TCP.tcpListenDrop");
  if (drops === undefined || drops.change <= 0) return [];
  const noun = drops.change === 1 ? "connection was" : "connections were";
  const text = `${drops.change} ${noun} dropped ${place} in ${Math.round(windowMs / 100) / 10} s because the queue of a listening socket was full.`;
  const line = `TCP.tcpListenDrop ${drops.first} -> ${drops.last}`;
  return [
    {
      id: "listen-overflows",
      text,
      value: drops.change,
      unit: "count",
      windowMs,
      line,
      file: "counters.json",
    },
  ];
}
