// The sockets that the process holds, by whom they go to and how they stand. What is in TIME_WAIT belongs to no process and
// is told apart.
import { hostOf, portOf } from "../parsers/connection-peers.ts";
import { isBacklogged, isUnacknowledged, isUnread, listeningPorts, tcpOf } from "../readings/connections.ts";
import type { OwnSocket, SocketEvidence } from "../readings/evidence/sockets.ts";
import { barTable, legend, type BarRow, type Colour } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

const MOST_GROUPS = 10;

/** Drawn in this order; states that end a connection are one. */
const STATES: readonly (readonly [name: string, colour: Colour, pattern: RegExp])[] = [
  ["ESTABLISHED", "blue", /^ESTABLISHED$/],
  ["CLOSE_WAIT", "red", /^CLOSE_WAIT$/],
  ["SYN_SENT", "yellow", /^SYN_(?:SENT|RECV)/],
  ["ending", "grey", /^(?:FIN_WAIT|LAST_ACK|CLOSING|TIME_WAIT|CLOSE$)/],
  ["LISTEN", "green", /^LISTEN$/],
  ["other", "pink", /^/],
];

export interface SocketGroup {
  readonly name: string;
  readonly note: string | undefined;
  /** As many as there are `STATES`. */
  readonly counts: readonly number[];
  readonly total: number;
}

function nameOf(socket: OwnSocket, listening: ReadonlySet<string>): readonly [string, string | undefined] {
  const { protocol, state, local, peer } = socket;
  if (protocol !== "tcp") return [protocol, "not TCP"];
  if (state === "LISTEN") return ["(listening)", undefined];
  if (peer === undefined) return ["(no peer)", undefined];
  return listening.has(portOf(local)) ? [hostOf(peer), `asks port ${portOf(local)}`] : [peer, undefined];
}

/** Every socket in one group, the largest first. */
export function socketGroups(sockets: SocketEvidence): readonly SocketGroup[] {
  const listening = listeningPorts(tcpOf(sockets));
  const groups = new Map<
    string,
    { name: string; note: string | undefined; counts: number[]; total: number }
  >();
  for (const socket of sockets.own) {
    const [name, note] = nameOf(socket, listening);
    const key = `${name} ${note ?? ""}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { name, note, counts: STATES.map(() => 0), total: 0 };
      groups.set(key, group);
    }
    const state = STATES.findIndex(([, , pattern]) => pattern.test(socket.state ?? ""));
    group.counts[state] = (group.counts[state] ?? 0) + 1;
    group.total += 1;
  }
  return [...groups.values()].toSorted((a, b) => b.total - a.total);
}

/** The group of connections of one state that are most, trouble before what is well; undefined without a connection. */
export function worstGroup(
  sockets: SocketEvidence,
): { readonly count: number; readonly state: string; readonly name: string } | undefined {
  const groups = socketGroups(sockets);
  for (const wanted of ["CLOSE_WAIT", "SYN_SENT", "ESTABLISHED"]) {
    const at = STATES.findIndex(([name]) => name === wanted);
    let [name, count] = ["", 0];
    for (const group of groups)
      if ((group.counts[at] ?? 0) > count) [name, count] = [group.name, group.counts[at] ?? 0];
    if (count > 0) return { count, state: wanted, name };
  }
  return undefined;
}

function summed(groups: readonly SocketGroup[]): SocketGroup {
  return {
    name: `${groups.length} others`,
    note: undefined,
    counts: STATES.map((_, at) => groups.reduce((sum, { counts }) => sum + (counts[at] ?? 0), 0)),
    total: groups.reduce((sum, { total }) => sum + total, 0),
  };
}

export function socketsCard(sockets: SocketEvidence | undefined): Markup | undefined {
  if (sockets === undefined || sockets.own.length === 0) return undefined;
  const groups = socketGroups(sockets);
  const rest = groups.slice(MOST_GROUPS);
  const shown = rest.length === 0 ? groups : [...groups.slice(0, MOST_GROUPS), summed(rest)];
  const full = Math.max(1, ...shown.map(({ total }) => total));
  const rows = shown.map(({ name, note, counts, total }): BarRow => ({
    label: name,
    note,
    full,
    value: String(total),
    segments: STATES.map(([state, colour], at) => ({
      name: `${state} ${counts[at] ?? 0}`,
      amount: counts[at] ?? 0,
      colour,
    })),
  }));
  const all = summed(groups);
  const entries = STATES.flatMap(([name, colour], at) => {
    const count = all.counts[at] ?? 0;
    return count === 0 ? [] : [{ name, colour, value: String(count) }];
  });
  const tcp = tcpOf(sockets);
  const queues = [
    [tcp.filter(isUnread).length, "with bytes it has not read"],
    [tcp.filter(isUnacknowledged).length, "with bytes the peer does not take"],
    [tcp.filter(isBacklogged).length, "listening with connections that wait"],
  ] as const;
  const queued = queues.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const waiting =
    sockets.timeWait === undefined
      ? ""
      : ` TIME_WAIT belongs to no process: ${sockets.timeWait.value} in its network.`;
  return html`<div class="card">
    <h2>Sockets by peer and state <small>${all.total} that this process holds</small></h2>
    ${barTable("sockets by peer", rows)}${legend(entries)}
    <p class="muted">
      ${queued.length === 0 ? "No queue has bytes that nobody takes." : `${queued.join(", ")}.`}${waiting}
    </p>
  </div>`;
}
