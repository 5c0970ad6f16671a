import { aboutSockets, isSynSent, tcpOf, worstPeer } from "../connections.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

/** So many at once are no start of a day: a peer within a data centre answers in a millisecond. */
const MANY = 20;

export const synSent: Rule = {
  id: "syn-sent",
  question: "Which peers do not answer the first packet?",
  next: "Is the peer, or a firewall on the way to it, down? A restart would only begin to wait anew.",
  judge: ({ sockets }) => {
    const all = tcpOf(sockets).filter(isSynSent);
    // One that has just begun is nothing; one whose first packet was sent again has waited for a second.
    const waited = all.filter(({ retransmits = 0 }) => retransmits > 0);
    const those = all.length >= MANY ? all : waited;
    if (sockets === undefined || those.length === 0) return [];
    const what = `${count(those.length, "TCP connection")} waited for an answer to the first packet (SYN_SENT)`;
    const { windowMs: _oneLook, ...about } = aboutSockets(sockets, those);
    return [
      {
        text: `${what}${worstPeer(sockets, those)}.`,
        sureness: "likely",
        speaksFor: "not-restart",
        ...about,
      },
    ];
  },
};
