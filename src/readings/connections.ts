// The TCP connections of the target as rules ask for them. Queues and CLOSE_WAIT count only when both looks saw the same
// socket so: a healthy process has them for a moment.
import { describePeer, portOf } from "../parsers/connection-peers.ts";
import type { OwnSocket, SocketEvidence } from "./evidence/sockets.ts";
import { lineOf } from "./fact.ts";
import type { Judged } from "./rule.ts";
import { seconds } from "./wording.ts";

/** What a socket looks like, at either look. */
type Seen = Pick<OwnSocket, "state" | "recvQueue" | "sendQueue" | "timer" | "retransmits">;
export type Test = (socket: Seen) => boolean;

export function tcpOf(sockets: SocketEvidence | undefined): readonly OwnSocket[] {
  return sockets?.own.filter(({ protocol }) => protocol === "tcp") ?? [];
}

/** The local ports that the process accepts on. */
export function listeningPorts(tcp: readonly OwnSocket[]): ReadonlySet<string> {
  return new Set(tcp.filter(({ state }) => state === "LISTEN").map(({ local }) => portOf(local)));
}

/** Connections that the process opened itself, as far as that can be told: not from a port that it listens on. */
export function outgoing(tcp: readonly OwnSocket[]): readonly OwnSocket[] {
  const listening = listeningPorts(tcp);
  return tcp.filter(
    ({ local, peer, state }) => peer !== undefined && state !== "LISTEN" && !listening.has(portOf(local)),
  );
}

/** Those that are so at both looks, with no less in their queues; at the only one, when there was no other. */
export function stuck(sockets: SocketEvidence | undefined, test: Test): readonly OwnSocket[] {
  return tcpOf(sockets).filter((socket) => {
    if (!test(socket)) return false;
    if (sockets?.windowMs === undefined) return true;
    const now = sockets.atLastLook(socket.inode);
    return now !== undefined && test(now) && weight(now) >= weight(socket);
  });
}

function weight({ recvQueue = 0, sendQueue = 0 }: Seen): number {
  return recvQueue + sendQueue;
}

/** ` at both looks, 5 s apart`; nothing when there was one. */
export function bothTimes({ windowMs }: SocketEvidence): string {
  return windowMs === undefined ? "" : ` at both looks, ${seconds(windowMs)} apart`;
}

/** What a reading of these connections has beside its sentence: how many, and the line of the one with the longest queues. */
export function aboutSockets(
  sockets: SocketEvidence,
  those: readonly OwnSocket[],
): Pick<Judged, "value" | "unit" | "method" | "windowMs" | "line" | "file"> {
  const example = those.reduce<OwnSocket | undefined>(
    (most, socket) => (most !== undefined && weight(most) >= weight(socket) ? most : socket),
    undefined,
  );
  const { windowMs } = sockets;
  return {
    value: those.length,
    unit: "count",
    method: "proc",
    ...(windowMs === undefined ? {} : { windowMs }),
    ...(example === undefined ? { file: "evidence/sockets/netstat.txt" } : lineOf(sockets.lineOf(example))),
  };
}

/** `, 8 of them to 10.2.7.31:2021`. */
export function worstPeer(sockets: SocketEvidence, those: readonly OwnSocket[]): string {
  return describePeer(
    those.map(({ local, peer }) => ({ local, peer })),
    listeningPorts(tcpOf(sockets)),
  );
}

export const isCloseWait: Test = ({ state }) => state === "CLOSE_WAIT";
export const isUnread: Test = ({ state, recvQueue = 0 }) => state === "ESTABLISHED" && recvQueue > 0;
/** Sent again, or probed because the peer's window is shut: what is only on its way is neither. */
export const isUnacknowledged: Test = ({ state, sendQueue = 0, timer, retransmits = 0 }) =>
  state !== "LISTEN" &&
  state !== "SYN_SENT" &&
  sendQueue > 0 &&
  (timer === "probe" || (timer === "retransmit" && retransmits > 0));
export const isBacklogged: Test = ({ state, recvQueue = 0 }) => state === "LISTEN" && recvQueue > 0;
export const isSynSent: Test = ({ state }) => state === "SYN_SENT";
