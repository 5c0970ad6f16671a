// Which peer most of some connections have. A client of ours has a port that means nothing, a server of ours one that
// means everything: connections that came in are told apart by address, those that went out by address and port.

export interface Connection {
  readonly local: string | undefined;
  readonly peer: string | undefined;
}

interface Peer {
  /** `to 10.2.7.31:2021`, `from 10.2.7.40`. */
  readonly name: string;
  readonly count: number;
}

/** The peer with the most of `connections`; `listening` are the local ports that the process accepts on. */
function commonestPeer(connections: readonly Connection[], listening: ReadonlySet<string>): Peer | undefined {
  const counts = new Map<string, number>();
  for (const connection of connections) {
    const name = peerName(connection, listening);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  let most: Peer | undefined;
  for (const [name, count] of counts) if (most === undefined || count > most.count) most = { name, count };
  return most;
}

function peerName({ local, peer }: Connection, listening: ReadonlySet<string>): string | undefined {
  if (peer === undefined) return undefined;
  return listening.has(portOf(local)) ? `from ${hostOf(peer)}` : `to ${peer}`;
}

/** `10.0.0.1` of `10.0.0.1:80`. */
export function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(":"));
}

/** The port of `10.0.0.1:80`, as text. */
export function portOf(endpoint: string | undefined): string {
  return endpoint?.slice(endpoint.lastIndexOf(":") + 1) ?? "";
}

/** What follows the number of connections in a sentence: `, 8 of them to 10.2.7.31:2021`; nothing when they have no peer. */
export function describePeer(connections: readonly Connection[], listening: ReadonlySet<string>): string {
  const peer = commonestPeer(connections, listening);
  if (peer === undefined) return "";
  if (connections.length === 1) return `, ${peer.name}`;
  return `, ${peer.count === connections.length ? "all" : peer.count} of them ${peer.name}`;
}
