// /proc/PID/fd and fdinfo, joined with the sockets of the target's network namespace. Links are read, never followed:
// opening what the target has open could wake or change it.
import { arch } from "node:process";
import { parseFdLink } from "../../parsers/fd-link.ts";
import { nameOpenFlags, parseFdinfo, type Fdinfo } from "../../parsers/fdinfo.ts";
import { parseProcLimits } from "../../parsers/proc-limits.ts";
import { printable } from "../../printable.ts";
import { copyFile, inBatches, tryRead } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import {
  SOCKET_TABLES,
  TABLE_LIMIT_BYTES,
  isOptionalTable,
  parseTable,
  type TableSocket,
} from "../sockets/held-sockets.ts";
import { describeDescriptor, type DescriptorRow, type DescriptorSocket } from "./descriptor.ts";
import { saveFilesystems } from "./filesystems.ts";
import { summariseFiles } from "./usage.ts";

type Context = CollectorContext<{ readonly maxFiles: number }>;

/** Closed between listing and reading: no gap. */
const CLOSED = ["ENOENT"];
/** Enough for all but an epoll of many connections, which is then read again. */
const FDINFO_BYTES = 1024;
const FDINFO_LIMIT_BYTES = 64 * 1024;
/** Each costs four system calls on another thread, 0.1 ms of CPU in all: with 20,000 of them we would be a load. */
const MAX_FDINFO = 3000;
/** Their fdinfo says no more than how they were opened. */
const DULL: ReadonlySet<string> = new Set(["socket", "pipe", "device", "namespace", "unknown"]);

export async function collectLinuxFiles(context: Context): Promise<readonly Reading[]> {
  const { process, options, gap, save, saveLines, saveJson } = context;
  context.method("proc");
  const limits = await copyFile(context, "limits", { as: "limits.txt", limitBytes: 64 * 1024 });
  const limit = parseProcLimits(limits?.toString("utf8") ?? "").get("Max open files");

  // Without the list there is nothing to say: the system's error is the reason.
  const names = await process.list("fd");
  const fds = names.map(Number).toSorted((a, b) => a - b);
  const described = fds.slice(0, options.maxFiles);
  if (fds.length > described.length)
    gap(`${described.length} of ${fds.length} descriptors are described (maxFiles)`);

  const links = await inBatches(described, async (fd) => {
    const link = await tryRead(gap, {
      what: `fd/${fd}`,
      quiet: CLOSED,
      read: () => process.link(`fd/${fd}`),
    });
    return { fd, link };
  });
  const sockets = await readTables(context);
  const open = links.flatMap(({ fd, link }) =>
    link === undefined ? [] : [{ fd, link: printable(link, 4096) }],
  );
  const infos = await readInfos(context, open);
  const rows = open.map(({ fd, link }) => rowOf({ fd, link, info: infos.get(fd), sockets }));

  await saveLines("fds.jsonl", rows);
  const head = `${context.target.pid}:\t${printable(context.target.command)}\n`;
  const current = `  Current rlimit: ${limit?.soft ?? "unknown"} file descriptors\n`;
  await save("pfiles.txt", head + current + rows.map(describeDescriptor).join(""));
  await saveJson("summary.json", summariseFiles({ open: fds.length, limit: limit?.soft, rows }));
  await saveFilesystems(context, open, infos);
  return [];
}

async function readTables({ process, gap }: Context): Promise<ReadonlyMap<number, TableSocket>> {
  const sockets = new Map<number, TableSocket>();
  for (const table of SOCKET_TABLES) {
    const quiet = isOptionalTable(table.path) ? ["ENOENT"] : [];
    const read = () => process.read(table.path, TABLE_LIMIT_BYTES);
    const bytes = await tryRead(gap, { what: table.path, quiet, read });
    for (const socket of parseTable(bytes?.toString("latin1") ?? "", table))
      sockets.set(socket.inode, socket);
  }
  return sockets;
}

function isDull({ link }: { readonly link: string }): boolean {
  return DULL.has(parseFdLink(link).type);
}

/** Of the kinds first of which fdinfo says more than the flags. */
async function readInfos(
  context: Context,
  open: readonly { readonly fd: number; readonly link: string }[],
): Promise<ReadonlyMap<number, Fdinfo>> {
  const ordered = [...open.filter((one) => !isDull(one)), ...open.filter(isDull)];
  const chosen = ordered.slice(0, MAX_FDINFO);
  if (ordered.length > chosen.length)
    context.gap(
      `flags and positions were read of ${chosen.length} of ${ordered.length} descriptors: of the others only what they are`,
    );
  const infos = new Map<number, Fdinfo>();
  await inBatches(chosen, async ({ fd }) => {
    const info = await readInfo(context, fd);
    if (info !== undefined) infos.set(fd, info);
  });
  return infos;
}

async function readInfo({ process, gap }: Context, fd: number): Promise<Fdinfo | undefined> {
  const path = `fdinfo/${fd}`;
  const read = async () => {
    const bytes = await process.read(path, FDINFO_BYTES);
    return bytes.length < FDINFO_BYTES ? bytes : process.read(path, FDINFO_LIMIT_BYTES);
  };
  const bytes = await tryRead(gap, { what: path, quiet: CLOSED, read });
  return bytes === undefined ? undefined : parseFdinfo(bytes.toString("latin1"));
}

interface Descriptor {
  readonly fd: number;
  readonly link: string;
  readonly info: Fdinfo | undefined;
  readonly sockets: ReadonlyMap<number, TableSocket>;
}

function rowOf({ fd, link, info, sockets }: Descriptor): DescriptorRow {
  const { type, inode, isDeleted } = parseFdLink(link);
  const flags = info?.flags === undefined ? undefined : nameOpenFlags(info.flags, arch);
  const isFolder = type === "file" && (flags?.includes("O_DIRECTORY") ?? false);
  const { details = [], detailsLeftOut = 0 } = info ?? {};
  return {
    fd,
    type: isFolder ? "folder" : type,
    target: link,
    ...(isDeleted ? { isDeleted } : {}),
    ...(flags === undefined ? {} : { flags }),
    position: info?.position,
    ...(details.length === 0 ? {} : { details: details.map((line) => printable(line)) }),
    ...(detailsLeftOut === 0 ? {} : { detailsLeftOut }),
    socket: type === "socket" && inode !== undefined ? socketOf(sockets.get(inode)) : undefined,
  };
}

function socketOf(socket: TableSocket | undefined): DescriptorSocket {
  if (socket === undefined) return {};
  const { protocol, state } = socket;
  if (socket.protocol === "unix")
    return { protocol, state, local: socket.path === undefined ? undefined : printable(socket.path) };
  const { local, peer, recvQueue, sendQueue } = socket;
  return { protocol, state, local, peer, recvQueue, sendQueue };
}
