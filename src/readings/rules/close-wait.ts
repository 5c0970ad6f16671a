import { aboutSockets, bothTimes, isCloseWait, stuck, worstPeer } from "../connections.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

/** Fewer may be what a pool keeps until it is asked for the next request. */
const PILE = 10;

export const closeWait: Rule = {
  id: "close-wait",
  question: "Which connections has the peer closed, and this process not?",
  next: "Did the peer restart, or does this process leak connections when the other side closes them?",
  judge: ({ sockets }) => {
    const those = stuck(sockets, isCloseWait);
    if (sockets === undefined || those.length === 0) return [];
    const n = those.length;
    const what = `${count(n, "TCP connection")} ${n === 1 ? "was" : "were"} in CLOSE_WAIT${bothTimes(sockets)}`;
    const text = `${what}${worstPeer(sockets, those)}: the peer has closed, the process has not.`;
    const isPile = n >= PILE;
    return [
      {
        text,
        sureness: isPile ? "likely" : "hint",
        speaksFor: isPile ? "restart" : "none",
        ...aboutSockets(sockets, those),
      },
    ];
  },
};
