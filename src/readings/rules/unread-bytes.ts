import { aboutSockets, bothTimes, isUnread, stuck, tcpOf, worstPeer } from "../connections.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

export const unreadBytes: Rule = {
  id: "unread-bytes",
  question: "What has arrived that the process does not read?",
  next: "What does the process do instead: is its event loop blocked, or does it hold back on purpose?",
  judge: ({ sockets }) => {
    const those = stuck(sockets, isUnread);
    if (sockets === undefined || those.length === 0) return [];
    const established = tcpOf(sockets).filter(({ state }) => state === "ESTABLISHED").length;
    const of = `${those.length} of ${count(established, "established TCP connection")}`;
    const text = `${of} held bytes that the process had not read${bothTimes(sockets)}${worstPeer(sockets, those)}.`;
    return [{ text, sureness: "hint", speaksFor: "none", ...aboutSockets(sockets, those) }];
  },
};
