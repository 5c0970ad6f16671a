// One line of fds.jsonl, and how a person reads it.

export interface DescriptorRow {
  readonly fd: number;
  readonly type: string;
  /** Printable: the target chose it. */
  readonly target?: string | undefined;
  readonly isDeleted?: true;
  readonly flags?: readonly string[];
  /** Bytes from the start of the file. */
  readonly position?: number | undefined;
  readonly sizeBytes?: number | undefined;
  readonly inode?: number | undefined;
  /** What the kernel says of eventfd, epoll, inotify...; of illumos: locks, doors, peers. */
  readonly details?: readonly string[];
  readonly detailsLeftOut?: number;
  readonly socket?: DescriptorSocket | undefined;
}

export interface DescriptorSocket {
  readonly protocol?: string | undefined;
  readonly state?: string | undefined;
  readonly local?: string | undefined;
  readonly peer?: string | undefined;
  readonly recvQueue?: number | undefined;
  readonly sendQueue?: number | undefined;
}

/** In the manner of pfiles(1). */
export function describeDescriptor(row: DescriptorRow): string {
  const { socket } = row;
  const lines = [
    `${String(row.fd).padStart(4)}: ${row.type}${row.flags?.length ? `  ${row.flags.join("|")}` : ""}`,
  ];
  if (socket !== undefined) {
    const queues =
      socket.recvQueue === undefined ? "" : `  recv-q:${socket.recvQueue} send-q:${socket.sendQueue}`;
    lines.push(
      `\t${[socket.protocol, socket.state].filter((word) => word !== undefined).join(" ")}${queues}`,
    );
    if (socket.local !== undefined) lines.push(`\tsockname: ${socket.local}`);
    if (socket.peer !== undefined) lines.push(`\tpeername: ${socket.peer}`);
  } else if (row.target !== undefined) lines.push(`      ${row.target}`);
  if (row.type === "file" && row.position !== undefined) lines.push(`      offset:${row.position}`);
  for (const detail of row.details?.slice(0, 8) ?? []) lines.push(`      ${detail}`);
  return `${lines.join("\n")}\n`;
}
