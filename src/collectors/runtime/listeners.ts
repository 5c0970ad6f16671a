// Where a process listens, from /proc alone, and how a command reaches it: in the target's own network namespace.
import { parseFdLink } from "../../parsers/fd-link.ts";
import { parseProcNet } from "../../parsers/proc-net.ts";
import { answerTo, inBatches, tryRead } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

type Context = Pick<CollectorContext<unknown>, "process" | "host" | "gap" | "target">;
const MAX_DESCRIPTORS = 10_000;
const TABLE_LIMIT_BYTES = 16 * 1024 ** 2;

/** `127.0.0.1:6060`, `[::1]:80`: the TCP sockets that it listens on; a wildcard address as the loopback address. */
export async function listenersOf({ process, gap }: Context): Promise<readonly string[]> {
  const fds = (await tryRead(gap, { what: "fd", read: () => process.list("fd") })) ?? [];
  const inodes = new Set<number>();
  await inBatches(fds.slice(0, MAX_DESCRIPTORS), async (fd) => {
    const link = await answerTo(process.link(`fd/${fd}`));
    const { type, inode } = parseFdLink("value" in link ? link.value.toString("latin1") : "");
    if (type === "socket" && inode !== undefined) inodes.add(inode);
  });
  const tables = await Promise.all(
    ["net/tcp", "net/tcp6"].map((path) => answerTo(process.read(path, TABLE_LIMIT_BYTES))),
  );
  const sockets = tables.flatMap((table) =>
    "value" in table ? parseProcNet(table.value.toString("latin1"), "tcp") : [],
  );
  const own = sockets.filter(({ state, inode }) => state === "LISTEN" && inodes.has(inode));
  const addresses = own.map(({ local }) =>
    local.replace(/^(?:0\.0\.0\.0|\*)(?=:)/, "127.0.0.1").replace(/^\[::\](?=:)/, "[::1]"),
  );
  return [...new Set(addresses)];
}

/** The words before a command that is to reach the target's addresses (nsenter(1)); undefined when that is not known. */
export async function enterNetwork({
  process,
  host,
  target,
}: Context): Promise<readonly string[] | undefined> {
  const own = await answerTo(host.link("/proc/self/ns/net"));
  const theirs = await answerTo(process.link("ns/net"));
  if (!("value" in own) || !("value" in theirs)) return undefined;
  return own.value.equals(theirs.value) ? [] : ["nsenter", "-t", String(target.pid), "-n", "--"];
}
