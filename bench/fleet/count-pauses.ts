// How many of one service stood at once, by the agents' own log. A pause that never ended was its agent's last: it counts
// as long as it might have been, up to the moment that its leave ended.

interface Edge {
  readonly atMs: number;
  readonly by: 1 | -1;
  readonly service: string;
}

export interface PauseCount {
  readonly pauses: number;
  readonly cutShort: number;
  /** The most at once in any one service. */
  readonly most: number;
  /** Pauses that went on after their leave. */
  readonly late: number;
}

export function countPauses(log: string): PauseCount {
  const open = new Map<string, { readonly service: string; readonly untilMs: number }>();
  const edges: Edge[] = [];
  let late = 0;
  for (const line of log.trim().split("\n")) {
    const [what, service = "", host, job, at, until] = line.split(" ");
    const [atMs, untilMs] = [Number(at), Number(until)];
    const key = `${host} ${job}`;
    if (what === "BEGIN") {
      open.set(key, { service, untilMs });
      edges.push({ atMs, by: 1, service });
    } else {
      open.delete(key);
      edges.push({ atMs, by: -1, service });
      if (atMs > untilMs) late++;
    }
  }
  for (const { service, untilMs } of open.values()) edges.push({ atMs: untilMs, by: -1, service });
  const now = new Map<string, number>();
  let most = 0;
  for (const { service, by } of edges.toSorted((one, other) => one.atMs - other.atMs || one.by - other.by)) {
    const count = (now.get(service) ?? 0) + by;
    now.set(service, count);
    most = Math.max(most, count);
  }
  return { pauses: edges.length / 2, cutShort: open.size, most, late };
}
