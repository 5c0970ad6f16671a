import { portOf } from "../../parsers/connection-peers.ts";
import { isSynSent, tcpOf } from "../connections.ts";
import { lineOf } from "../fact.ts";
import type { ExpectedPeer, Rule, SpeaksFor } from "../rule.ts";
import { count } from "../wording.ts";

export const disconnected: Rule = {
  id: "disconnected",
  question: "Is it connected to everything that it depends on?",
  next: "Does that address answer from this host? If it does, this process has given up on it; if not, look there first.",
  judge: ({ sockets, descriptors }, { connectedTo }) => {
    const tcp = tcpOf(sockets);
    // Without any socket at all it may be one whose descriptors we may not see.
    if (sockets === undefined || (tcp.length === 0 && descriptors === undefined)) return [];
    return connectedTo.flatMap((expected) => {
      const those = tcp.filter(({ peer }) => peer !== undefined && isOf(expected, peer));
      if (expected.endpoints.length === 0 || those.some(({ state }) => state === "ESTABLISHED")) return [];
      const trying = those.filter(isSynSent);
      const [example] = trying.length > 0 ? trying : those;
      const tries =
        trying.length === 0 ? "" : `; ${count(trying.length, "connection")} to it got no answer yet`;
      const text = `The process has no open connection to ${nameOf(expected)}${tries}${reachText(expected)}.`;
      return [
        {
          text,
          value: 0,
          unit: "count",
          method: "proc",
          sureness: expected.source === "earlier" ? "hint" : "certain",
          speaksFor: speaksFor(expected, trying.length > 0),
          ...(example === undefined
            ? { file: "evidence/sockets/netstat.txt" }
            : lineOf(sockets.lineOf(example))),
        },
      ];
    });
  },
};

function reachText({ answers }: ExpectedPeer): string {
  if (answers === undefined) return "";
  return answers ? "; from this host it answers" : "; from this host it does not answer either";
}

/** A peer that answers others and that the process has given up on is found again by a new process. */
function speaksFor({ answers }: ExpectedPeer, isTrying: boolean): SpeaksFor {
  if (answers === true) return isTrying ? "none" : "restart";
  return answers === false || isTrying ? "not-restart" : "none";
}

/** Of a pool any member counts that answers on the same port: an earlier bundle saw those of its day. */
function isOf({ endpoints, source }: ExpectedPeer, peer: string): boolean {
  if (endpoints.includes(peer)) return true;
  return source === "earlier" && endpoints.some((endpoint) => portOf(endpoint) === portOf(peer));
}

function nameOf({ asked, endpoints, source, captureId }: ExpectedPeer): string {
  const where = endpoints.includes(asked) ? asked : `${asked} (${endpoints.slice(0, 3).join(", ")})`;
  if (source === "earlier") return `${where}, to which it had one in ${captureId ?? "an earlier bundle"}`;
  return source === "settings" ? `${where}, which the settings say it needs` : where;
}
