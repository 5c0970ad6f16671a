// illumos netstat(8), usr/src/cmd/cmd-inet/usr.bin/netstat/{netstat,unix}.c, as `netstat -an -f FAMILY` and `netstat -s`
// print it. Send-Q is what was sent and not acknowledged, Recv-Q what was received and not yet acknowledged by us: unlike
// on Linux, neither says what the process has not read. Long addresses push the columns, so rows are read by their words.
import type { Counters } from "./proc-net-counters.ts";

export interface NetstatSocket {
  readonly protocol: "tcp" | "udp" | "unix";
  /** As printed: `CLOSE_WAIT`, `SYN_RCVD`, `FIN_WAIT_1`, `Idle`; of a UNIX socket its type. */
  readonly state: string;
  /** `10.0.0.1:80`, `[fd00::1]:80`, `*:80`, or a path. */
  readonly local: string | undefined;
  readonly peer: string | undefined;
  readonly sendQueue: number | undefined;
  readonly recvQueue: number | undefined;
  /** Untouched. */
  readonly line: string;
}

const TCP_STATE =
  /^(?:CLOSED|IDLE|BOUND|LISTEN|SYN_SENT|SYN_RCVD|ESTABLISHED|CLOSE_WAIT|FIN_WAIT_[12]|CLOSING|LAST_ACK|TIME_WAIT)$/;
const UDP_STATE = /^(?:Unbound|Idle|Connected|Unknown)$/;
/** What stands in the place of a UNIX socket's own name when it has none. */
const NO_NAME = " ".repeat(15);

/** The sockets of all sections; lines that are none are left out. */
export function parseNetstat(text: string): readonly NetstatSocket[] {
  let section = "";
  const sockets: NetstatSocket[] = [];
  for (const line of text.split("\n")) {
    const title = /^(TCP|UDP|SCTP)(?:: IPv[46])?:?$|^Active (UNIX) domain sockets$/.exec(line.trim());
    if (title !== null) section = title[1] ?? title[2] ?? "";
    const socket =
      section === "TCP"
        ? tcp(line)
        : section === "UDP"
          ? udp(line)
          : section === "UNIX"
            ? unix(line)
            : undefined;
    if (socket !== undefined) sockets.push(socket);
  }
  return sockets;
}

function tcp(line: string): NetstatSocket | undefined {
  const words = line.trim().split(/\s+/);
  const at = words.findLastIndex((word) => TCP_STATE.test(word));
  if (at < 6) return undefined;
  const [local, peer, sendWindow, sendQueue, recvWindow, recvQueue, state = ""] = words.slice(at - 6);
  if (![sendWindow, sendQueue, recvWindow, recvQueue].every((word) => /^\d{1,15}$/.test(word ?? "")))
    return undefined;
  return {
    protocol: "tcp",
    state,
    local: endpoint(local),
    peer: peer === "*.*" ? undefined : endpoint(peer),
    sendQueue: Number(sendQueue),
    recvQueue: Number(recvQueue),
    line,
  };
}

function udp(line: string): NetstatSocket | undefined {
  const words = line.trim().split(/\s+/);
  const at = words.findLastIndex((word) => UDP_STATE.test(word));
  const state = words[at];
  if (at < 1 || state === undefined) return undefined;
  return {
    protocol: "udp",
    state,
    local: endpoint(words[0]),
    peer: at > 1 ? endpoint(words[1]) : undefined,
    sendQueue: undefined,
    recvQueue: undefined,
    line,
  };
}

function unix(line: string): NetstatSocket | undefined {
  const match = /^[0-9a-f]{8,16} (dgram|stream|stream-ord) +[0-9a-f]{8,16} [0-9a-f]{8,16} (.*)$/.exec(line);
  if (match === null) return undefined;
  const [, state = "", names = ""] = match;
  const [local, peer] = names.startsWith(NO_NAME)
    ? [undefined, names.slice(NO_NAME.length).trim()]
    : names.trim().split(/\s+/);
  return {
    protocol: "unix",
    state,
    local,
    peer: peer === "" ? undefined : peer,
    sendQueue: undefined,
    recvQueue: undefined,
    line,
  };
}

/** netstat writes `address.port`, IPv6 too. */
function endpoint(text: string | undefined): string | undefined {
  const dot = text?.lastIndexOf(".") ?? -1;
  if (text === undefined || dot < 0) return undefined;
  const address = text.slice(0, dot);
  return `${address.includes(":") ? `[${address}]` : address}:${text.slice(dot + 1)}`;
}

/** Counters of `netstat -s` by section and name: `TCP.tcpRetransSegs`. */
export function parseNetstatCounters(text: string): Counters {
  const counters = new Map<string, number>();
  let section = "";
  for (const line of text.split("\n")) {
    section = /^\s*([A-Z][A-Za-z0-9]*)\s+(?=[a-z]\w*\s*=)/.exec(line)?.[1] ?? section;
    for (const [, name = "", value = ""] of line.matchAll(
      /([a-z]\w{0,63})\s{0,32}=\s{0,32}(\d{1,15})(?!\d)/gi,
    ))
      counters.set(`${section}.${name}`, Number(value));
  }
  return counters;
}
