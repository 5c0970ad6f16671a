// The TCP sockets of the target's network namespace, and which of them it listens on itself.
import { delay } from "../host/clock.ts";
import { isGone, type HeldProcess } from "../host/process-files.ts";
import { parseProcNet, type InetSocket } from "../parsers/proc-net.ts";
import { attempt } from "../target/executable.ts";

const TABLE_LIMIT_BYTES = 32 * 1024 ** 2;

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly inode: number;
  /** It is the target's, by its descriptors. */
  readonly isOwn: boolean;
}

function sockets(held: HeldProcess): readonly InetSocket[] {
  return ["tcp", "tcp6"].flatMap((table) => {
    const text = attempt(() => held.readSync(`net/${table}`, TABLE_LIMIT_BYTES).toString("latin1"));
    return text === undefined ? [] : parseProcNet(text, "tcp");
  });
}

const portOf = ({ local }: InetSocket) => Number(local.slice(local.lastIndexOf(":") + 1));

/** Everything that listens in its namespace; undefined when its descriptors may not be looked at. */
export function listenersOf(held: HeldProcess): readonly Listener[] | undefined {
  const own = ownSockets(held);
  if (own === undefined) return undefined;
  return sockets(held)
    .filter(({ state }) => state === "LISTEN")
    .map((socket) => ({
      host: socket.local.slice(0, socket.local.lastIndexOf(":")).replace(/^\[|\]$/g, ""),
      port: portOf(socket),
      inode: socket.inode,
      isOwn: own.has(socket.inode),
    }));
}

/** How many clients a port of the target has; one that is over (TIME_WAIT) is none. */
export function clientsOf(held: HeldProcess, port: number): number {
  return sockets(held).filter(
    (socket) => portOf(socket) === port && socket.state !== "LISTEN" && socket.state !== "TIME_WAIT",
  ).length;
}

function ownSockets(held: HeldProcess): ReadonlySet<number> | undefined {
  const names = attempt(() => held.listSync("fd"));
  if (names === undefined) return undefined;
  const inodes = new Set<number>();
  for (const name of names) {
    const link = attempt(() => held.linkSync(`fd/${name}`).toString("latin1"));
    const inode = /^socket:\[(\d{1,15})\]$/.exec(link ?? "")?.[1];
    if (inode !== undefined) inodes.add(Number(inode));
  }
  return inodes;
}

/** A process that is gone has no port; one that cannot be looked at may have. */
function hasEnded(held: HeldProcess): boolean {
  try {
    return /^State:\s*[ZX]/m.test(held.readSync("status").toString("latin1"));
  } catch (error) {
    return isGone(error);
  }
}

/** Waits until the target listens on a port no more; false when it still does after `limitMs`. */
export async function isClosed(held: HeldProcess, port: number, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  for (;;) {
    const listeners = listenersOf(held);
    if (listeners === undefined && hasEnded(held)) return true;
    if (listeners?.some((one) => one.isOwn && one.port === port) === false) return true;
    if (performance.now() > end) return false;
    await delay(20);
  }
}
