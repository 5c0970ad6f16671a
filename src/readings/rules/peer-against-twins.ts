import { hostOf, portOf } from "../../parsers/connection-peers.ts";
import {
  aboutSockets,
  isCloseWait,
  isUnacknowledged,
  isUnread,
  outgoing,
  stuck,
  tcpOf,
  type Test,
} from "../connections.ts";
import type { OwnSocket, SocketEvidence } from "../evidence/sockets.ts";
import type { Judged, Rule } from "../rule.ts";

/** Fewer may be chance. */
const LEAST = 5;
/** The twin with the next most has at most this share of them. */
const TWIN_SHARE = 0.2;

const KINDS: readonly { readonly what: string; readonly test: Test }[] = [
  { what: "closed by the peer and still open here (CLOSE_WAIT)", test: isCloseWait },
  { what: "without an answer to the first packet", test: (socket) => socket.state === "SYN_SENT" },
  { what: "with bytes that the peer does not take", test: isUnacknowledged },
  { what: "with bytes that the process has not read", test: isUnread },
];

/** Peers are twins when they answer on the same port: the instances of one service. */
export const peerAgainstTwins: Rule = {
  id: "peer-against-twins",
  question: "Is one of several equal peers different from the others?",
  next: "What happened to that one peer: a restart, a deployment, another rack or switch?",
  judge: ({ sockets }) => {
    if (sockets === undefined) return [];
    const hostsByPort = new Map<string, Set<string>>();
    for (const { peer = "" } of outgoing(tcpOf(sockets)))
      hostsByPort.set(portOf(peer), (hostsByPort.get(portOf(peer)) ?? new Set()).add(hostOf(peer)));
    const twins = [...hostsByPort].filter(([, hosts]) => hosts.size > 1);
    if (twins.length === 0) return [];
    return KINDS.flatMap(({ what, test }) => {
      const bad = stuck(sockets, test);
      return twins.flatMap(([port, hosts]) => compare(sockets, { what, bad, port, hosts }));
    });
  },
};

function compare(
  sockets: SocketEvidence,
  group: {
    readonly what: string;
    readonly bad: readonly OwnSocket[];
    readonly port: string;
    readonly hosts: ReadonlySet<string>;
  },
): readonly Judged[] {
  const byPeer = new Map<string, OwnSocket[]>();
  for (const socket of group.bad) {
    const those = byPeer.get(socket.peer ?? "") ?? [];
    those.push(socket);
    byPeer.set(socket.peer ?? "", those);
  }
  const byHost = [...group.hosts]
    .map((host) => ({ host, those: byPeer.get(`${host}:${group.port}`) ?? [] }))
    .toSorted((a, b) => b.those.length - a.those.length);
  const [worst, next] = byHost;
  if (worst === undefined || next === undefined || worst.those.length < LEAST) return [];
  if (next.those.length > worst.those.length * TWIN_SHARE) return [];
  const others =
    byHost.length === 2
      ? `its twin ${next.host} has ${next.those.length}`
      : `of its ${byHost.length - 1} twins none has more than ${next.those.length}`;
  const text = `${worst.those.length} connections to ${worst.host}:${group.port} are ${group.what}; ${others}.`;
  return [{ text, sureness: "likely", speaksFor: "none", ...aboutSockets(sockets, worst.those) }];
}
