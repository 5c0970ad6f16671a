import { aboutSockets, bothTimes, isUnacknowledged, stuck, worstPeer } from "../connections.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

export const unacknowledgedBytes: Rule = {
  id: "unacknowledged-bytes",
  question: "Which peers do not take what the process sends?",
  next: "Is the peer stuck, or the way to it? Look at the peer before this process.",
  judge: ({ sockets }) => {
    const those = stuck(sockets, isUnacknowledged);
    if (sockets === undefined || those.length === 0) return [];
    const what = `${count(those.length, "TCP connection")} had bytes to send that the peer did not take or acknowledge`;
    const text = `${what}${bothTimes(sockets)}${worstPeer(sockets, those)}.`;
    return [{ text, sureness: "likely", speaksFor: "not-restart", ...aboutSockets(sockets, those) }];
  },
};
