// What the sockets of the process say. Queues and CLOSE_WAIT are told of only when both looks saw the same socket so:
// a healthy process has them for a moment.
import type { CounterChange } from "../../parsers/proc-net-counters.ts";
import type { InetSocket } from "../../parsers/proc-net.ts";
import type { Reading } from "../collector.ts";
import type { HeldSocket, TableSocket } from "./held-sockets.ts";
import { describePeer, portOf } from "./peers.ts";

export interface SocketLooks {
  readonly first: readonly HeldSocket[];
  /** By inode; undefined when there was no second look. */
  readonly last: ReadonlyMap<number, TableSocket> | undefined;
  /** Lines of ss by inode: easier to read than the kernel's. */
  readonly ssLines: ReadonlyMap<number, string>;
  /** Of the whole network namespace. */
  readonly changes: ReadonlyMap<string, CounterChange> | undefined;
  readonly windowMs: number;
}

type Test = (socket: InetSocket) => boolean;

export function readSockets(looks: SocketLooks): readonly Reading[] {
  const tcp = looks.first.flatMap(({ socket }) => (socket?.protocol === "tcp" ? [socket] : []));
  const established = tcp.filter((socket) => socket.state === "ESTABLISHED");
  const listening = new Set(
    tcp.filter((socket) => socket.state === "LISTEN").map(({ local }) => portOf(local)),
  );
  const bothTimes = looks.last === undefined ? "" : ` at both looks, ${seconds(looks.windowMs)} apart`;

  const stuck = (test: Test) => tcp.filter((socket) => test(socket) && stillSo(looks, socket, test));
  const reading = (
    id: string,
    sockets: readonly InetSocket[],
    text: (n: number, worst: string) => string,
  ) => {
    const worst = describePeer(sockets, listening);
    const example = sockets.reduce<InetSocket | undefined>(
      (most, socket) => (most !== undefined && weight(most) >= weight(socket) ? most : socket),
      undefined,
    );
    if (example === undefined) return [];
    const base = { id, text: `${text(sockets.length, worst)}.`, value: sockets.length, unit: "count" };
    return [{ ...base, method: "proc", ...windowOf(looks), ...rawLine(looks, example) }];
  };

  return [
    ...reading("close-wait", stuck(isCloseWait), (n, worst) => {
      const what = `${count(n, "TCP connection")} ${n === 1 ? "was" : "were"} in CLOSE_WAIT${bothTimes}${worst}`;
      return `${what}: the peer has closed, the process has not`;
    }),
    ...reading("syn-sent", tcp.filter(isSynSent), (n, worst) => {
      return `${count(n, "TCP connection")} waited for an answer to the first packet (SYN_SENT)${worst}`;
    }),
    ...reading("unread-bytes", stuck(isUnread), (n, worst) => {
      const of = `${n} of ${count(established.length, "established TCP connection")}`;
      return `${of} held bytes that the process had not read${bothTimes}${worst}`;
    }),
    ...reading("unacknowledged-bytes", stuck(isUnacknowledged), (n, worst) => {
      const what = `${count(n, "TCP connection")} had bytes to send that the peer did not take or acknowledge`;
      return `${what}${bothTimes}${worst}`;
    }),
    ...stuck(isBacklogged).flatMap((socket) => backlog(looks, socket, bothTimes)),
    ...overflows(looks),
  ];
}

const isCloseWait: Test = (socket) => socket.state === "CLOSE_WAIT";
const isSynSent: Test = (socket) => socket.state === "SYN_SENT";
const isUnread: Test = (socket) => socket.state === "ESTABLISHED" && socket.recvQueue > 0;
/** Sent again, or probed because the peer's window is shut: what is only on its way is neither. */
const isUnacknowledged: Test = (socket) =>
  socket.state !== "LISTEN" &&
  socket.state !== "SYN_SENT" &&
  socket.sendQueue > 0 &&
  (socket.timer === "probe" || (socket.timer === "retransmit" && socket.retransmits > 0));
const isBacklogged: Test = (socket) => socket.state === "LISTEN" && socket.recvQueue > 0;

/** In the second look the socket must be so as well, with no less in its queues. */
function stillSo({ last }: SocketLooks, socket: InetSocket, test: Test): boolean {
  if (last === undefined) return true;
  const now = last.get(socket.inode);
  return now?.protocol === "tcp" && test(now) && weight(now) >= weight(socket);
}

function weight(socket: InetSocket): number {
  return socket.recvQueue + socket.sendQueue;
}

function backlog(looks: SocketLooks, socket: InetSocket, bothTimes: string): readonly Reading[] {
  const n = socket.recvQueue;
  const text = `${count(n, "connection")} waited for the process to accept ${n === 1 ? "it" : "them"} on ${socket.local}${bothTimes}.`;
  const base = { id: "accept-backlog", text, value: n, unit: "count", method: "proc" };
  return [{ ...base, ...windowOf(looks), ...rawLine(looks, socket) }];
}

/** Counted for the namespace, not the process. */
function overflows(looks: SocketLooks): readonly Reading[] {
  const change = looks.changes?.get("TcpExt.ListenOverflows");
  if (change === undefined || change.change <= 0) return [];
  const text = `${count(change.change, "connection")} found the queue of a listening socket full in ${seconds(looks.windowMs)} (all processes in the target's network namespace).`;
  const line = `TcpExt.ListenOverflows ${change.first} -> ${change.last}`;
  const base = { id: "listen-overflows", text, value: change.change, unit: "count", method: "proc" };
  return [{ ...base, windowMs: looks.windowMs, line, file: "counters.json" }];
}

function rawLine(
  { ssLines }: SocketLooks,
  socket: InetSocket,
): { readonly line: string; readonly file: string } {
  const line = ssLines.get(socket.inode);
  if (line !== undefined) return { line, file: "ss.txt" };
  return { line: socket.line, file: socket.family === "inet" ? "tcp.txt" : "tcp6.txt" };
}

function windowOf({ last, windowMs }: SocketLooks): { readonly windowMs?: number } {
  return last === undefined ? {} : { windowMs };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
