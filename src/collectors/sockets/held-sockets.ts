// The sockets of one process: the tables of its network namespace, joined by inode with the descriptors it has open.
import { parseFdLink } from "../../parsers/fd-link.ts";
import { parseProcNet, type InetProtocol, type InetSocket } from "../../parsers/proc-net.ts";
import { parseProcNetUnix, type UnixSocket } from "../../parsers/proc-net-unix.ts";
import { inBatches, tryRead } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

/** A socket of the namespace's tables. */
export type TableSocket = InetSocket | UnixSocket;

/** A socket of the process; it may be in no table: netlink, packet, or of another namespace. */
export interface HeldSocket {
  readonly inode: number;
  readonly fds: readonly number[];
  readonly socket: TableSocket | undefined;
}

interface Table {
  readonly path: string;
  readonly protocol: InetProtocol | "unix";
}

/** Below /proc/PID, which shows the process's own network namespace. TCP comes first: it is what changes fastest. */
export const SOCKET_TABLES: readonly Table[] = [
  { path: "net/tcp", protocol: "tcp" },
  { path: "net/tcp6", protocol: "tcp" },
  { path: "net/udp", protocol: "udp" },
  { path: "net/udp6", protocol: "udp" },
  { path: "net/raw", protocol: "raw" },
  { path: "net/raw6", protocol: "raw" },
  { path: "net/unix", protocol: "unix" },
];

/** A hundred thousand connections; evidence is cut there as well. */
export const TABLE_LIMIT_BYTES = 16 * 1024 ** 2;

/** A kernel without IPv6 has no tables of it. */
export function isOptionalTable(path: string): boolean {
  return /6$|raw|unix/.test(path);
}

export function parseTable(text: string, { protocol }: Table): readonly TableSocket[] {
  return protocol === "unix" ? [...parseProcNetUnix(text).values()] : parseProcNet(text, protocol);
}

/** Descriptors by the inode of their socket; undefined, with a gap, where they cannot be listed. */
export async function listSocketDescriptors(
  { process, gap }: Pick<CollectorContext<unknown>, "process" | "gap">,
  maxFiles: number,
): Promise<ReadonlyMap<number, readonly number[]> | undefined> {
  const names = await tryRead(gap, { what: "fd", read: () => process.list("fd") });
  if (names === undefined) return undefined;
  const fds = names.map(Number).toSorted((a, b) => a - b);
  if (fds.length > maxFiles)
    gap(`sockets were looked for in ${maxFiles} of ${fds.length} descriptors (maxFiles)`);
  const found = new Map<number, number[]>();
  await inBatches(fds.slice(0, maxFiles), async (fd) => {
    // A descriptor that was closed meanwhile is no gap.
    const read = () => process.link(`fd/${fd}`);
    const link = await tryRead(gap, { what: `fd/${fd}`, quiet: ["ENOENT"], read });
    const { type, inode } = parseFdLink(link?.toString("latin1") ?? "");
    if (type !== "socket" || inode === undefined) return;
    const known = found.get(inode);
    if (known === undefined) found.set(inode, [fd]);
    else known.push(fd);
  });
  return found;
}

/** Joins them; a socket that two descriptors share is one. */
export function joinSockets(
  descriptors: ReadonlyMap<number, readonly number[]>,
  sockets: Iterable<TableSocket>,
): readonly HeldSocket[] {
  const byInode = new Map<number, TableSocket>();
  for (const socket of sockets) if (descriptors.has(socket.inode)) byInode.set(socket.inode, socket);
  return [...descriptors].map(([inode, fds]) => ({ inode, fds, socket: byInode.get(inode) }));
}
