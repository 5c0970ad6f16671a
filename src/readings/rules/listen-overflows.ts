import { isBacklogged, tcpOf } from "../connections.ts";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { count, seconds } from "../wording.ts";

export const listenOverflows: Rule = {
  id: "listen-overflows",
  question: "Are connections lost before the process sees them?",
  next: "Is its accept queue (somaxconn, the backlog of listen) too short, or does it not accept in time?",
  judge: ({ sockets }) => {
    const found = sockets?.counters.get("TcpExt.ListenOverflows");
    if (sockets?.windowMs === undefined || found === undefined || found.value.change <= 0) return [];
    // Counted for the namespace: it concerns this process only when connections wait for it to accept them.
    const isItsOwn = tcpOf(sockets).some((socket) => {
      const last = sockets.atLastLook(socket.inode);
      return isBacklogged(socket) || (last !== undefined && isBacklogged(last));
    });
    if (!isItsOwn) return [];
    const { change } = found.value;
    const what = `${count(change, "connection")} found the queue of a listening socket full in ${seconds(sockets.windowMs)}`;
    return [
      {
        text: `${what} (all processes in the target's network namespace).`,
        value: change,
        unit: "count",
        method: "proc",
        windowMs: sockets.windowMs,
        sureness: "likely",
        speaksFor: "none",
        ...lineOf(found),
      },
    ];
  },
};
