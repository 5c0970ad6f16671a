// /proc/PID/net/{tcp,tcp6,udp,udp6,raw,raw6} (proc_pid_net(5), net/ipv4/tcp_ipv4.c): the sockets of one network
// namespace, whoever owns them. A socket belongs to the process that holds `socket:[INODE]` open; inode 0 belongs to
// nobody (TIME_WAIT, a handshake that no accept() has seen, what was closed while bytes were left to send).
import { formatEndpoint, isUnspecified, parseHexEndpoint } from "./hex-address.ts";

export type InetProtocol = "tcp" | "udp" | "raw";

export interface InetSocket {
  readonly protocol: InetProtocol;
  readonly family: "inet" | "inet6";
  readonly state: string;
  /** `10.0.0.1:80`; an IPv4-mapped address is shown as IPv4. */
  readonly local: string;
  /** Absent when it has none. */
  readonly peer: string | undefined;
  /** Bytes the process has not read; of a LISTEN socket: connections that wait for accept(). */
  readonly recvQueue: number;
  /** Bytes the peer has not acknowledged. */
  readonly sendQueue: number;
  /** What the kernel waits for: `retransmit`, `keepalive`, `time-wait`, `probe` (the peer's window is shut). */
  readonly timer: string | undefined;
  /** Until the timer fires. */
  readonly timerMs: number | undefined;
  readonly retransmits: number;
  readonly uid: number | undefined;
  /** 0: no process holds it. */
  readonly inode: number;
  /** Untouched. */
  readonly line: string;
}

/** include/net/tcp_states.h, by number. */
const TCP_STATES = [
  "UNKNOWN",
  "ESTABLISHED",
  "SYN_SENT",
  "SYN_RECV",
  "FIN_WAIT1",
  "FIN_WAIT2",
  "TIME_WAIT",
  "CLOSE",
  "CLOSE_WAIT",
  "LAST_ACK",
  "LISTEN",
  "CLOSING",
  "NEW_SYN_RECV",
];
const TIMERS = [undefined, "retransmit", "keepalive", "time-wait", "probe"];
const MS_PER_TICK = 10;

/** The sockets of one table; lines that are none are left out. */
export function parseProcNet(text: string, protocol: InetProtocol): readonly InetSocket[] {
  const sockets: InetSocket[] = [];
  for (const line of text.split("\n")) {
    const socket = parseLine(line, protocol);
    if (socket !== undefined) sockets.push(socket);
  }
  return sockets;
}

/** What changes of a socket while it lives. */
export type InetSocketState = Pick<
  InetSocket,
  "state" | "recvQueue" | "sendQueue" | "timer" | "retransmits" | "inode"
>;

/** State, queues, timer, times sent again and inode; addresses and the rest are passed over. */
const STATE =
  /^\s*\d+: \S+ \S+ ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) ([0-9A-F]{2}):\S+ ([0-9A-F]{1,8}) +\d+ +\d+ (\d{1,15})\b/;

const number = (digits: string | undefined) => Number.parseInt(digits ?? "", 16);

/** The same of a line of TCP as `parseProcNet` gives, several times as fast; undefined when it is no socket. */
export function parseTcpState(line: string): InetSocketState | undefined {
  const [, state, sendQueue, recvQueue, timer, retransmits, inode] = STATE.exec(line) ?? [];
  if (inode === undefined) return undefined;
  return {
    state: nameState("tcp", number(state)),
    recvQueue: number(recvQueue),
    sendQueue: number(sendQueue),
    timer: TIMERS[number(timer)],
    retransmits: number(retransmits),
    inode: Number(inode),
  };
}

function parseLine(line: string, protocol: InetProtocol): InetSocket | undefined {
  const fields = line.trim().split(/\s+/);
  const [slot, localText = "", peerText = "", stateText = "", queues = "", timerText = "", retransmits] =
    fields;
  const [local, peer] = [parseHexEndpoint(localText), parseHexEndpoint(peerText)];
  const [inode, state] = [fields[9], hex(stateText)];
  const [sendQueue, recvQueue] = queues.split(":").map(hex);
  if (slot === undefined || !/^\d+:$/.test(slot) || local === undefined || peer === undefined)
    return undefined;
  if (sendQueue === undefined || recvQueue === undefined || state === undefined) return undefined;
  if (inode === undefined || !/^\d{1,15}$/.test(inode)) return undefined;
  const [timer, ticks] = timerText.split(":").map(hex);
  return {
    protocol,
    family: localText.length > 13 ? "inet6" : "inet",
    state: nameState(protocol, state),
    local: formatEndpoint(local),
    peer: isUnspecified(peer) ? undefined : formatEndpoint(peer),
    recvQueue,
    sendQueue,
    timer: TIMERS[timer ?? 0],
    timerMs: timer === 0 || ticks === undefined ? undefined : ticks * MS_PER_TICK,
    retransmits: hex(retransmits ?? "") ?? 0,
    uid: /^\d{1,10}$/.test(fields[7] ?? "") ? Number(fields[7]) : undefined,
    inode: Number(inode),
    line,
  };
}

/** UDP and raw sockets borrow two states of TCP: 1 is connected, 7 is not. */
function nameState(protocol: InetProtocol, state: number): string {
  if (protocol !== "tcp" && state === 7) return "UNCONNECTED";
  return TCP_STATES[state] ?? "UNKNOWN";
}

function hex(text: string): number | undefined {
  return /^[0-9A-F]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}
