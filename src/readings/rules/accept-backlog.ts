import { aboutSockets, bothTimes, isBacklogged, stuck } from "../connections.ts";
import type { Rule } from "../rule.ts";
import { count } from "../wording.ts";

export const acceptBacklog: Rule = {
  id: "accept-backlog",
  question: "Does the process accept the connections that arrive?",
  next: "What does it do instead of accepting? Its threads and stacks say.",
  judge: ({ sockets }) =>
    stuck(sockets, isBacklogged).flatMap((socket) => {
      if (sockets === undefined) return [];
      const n = socket.recvQueue ?? 0;
      const what = `${count(n, "connection")} waited for the process to accept ${n === 1 ? "it" : "them"}`;
      const text = `${what} on ${socket.local}${bothTimes(sockets)}.`;
      return [{ ...aboutSockets(sockets, [socket]), text, value: n, sureness: "likely", speaksFor: "none" }];
    }),
};
