// illumos pfiles(1), usr/src/cmd/ptools/pfiles/pfiles.c: a head, the limit, then each descriptor with indented lines.
// Paths are printed as they are: a newline in one may look like another descriptor. The TCP state is not shown.

export interface PfilesSocket {
  /** `SOCK_STREAM`; absent in a core, where libproc cannot ask. */
  readonly type: string | undefined;
  readonly options: readonly string[];
  readonly filters: string | undefined;
  /** `10.0.0.1:80`, `[fd00::1]:80`, or the path of a UNIX socket (which may be empty). */
  readonly local: string | undefined;
  /** Absent in a listener. */
  readonly peer: string | undefined;
  readonly family: string | undefined;
}

export interface PfilesFile {
  readonly fd: number;
  /** `S_IFREG`, `S_IFSOCK`, ..., or a hexadecimal number that pfiles does not know. */
  readonly type: string;
  readonly inode: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly flags: readonly string[];
  readonly path: string | undefined;
  readonly offset: number | undefined;
  /** The server's side of a door: `nscd[1042]`. */
  readonly door: string | undefined;
  /** `advisory write lock set by process 41207`. */
  readonly lock: string | undefined;
  /** Who is at the other end of a local socket or fifo: `kang[901] zone: global[0]`. */
  readonly peerProcess: string | undefined;
  readonly socket: PfilesSocket | undefined;
}

export interface Pfiles {
  readonly pid: number | undefined;
  /** Cut by pfiles after 70 characters. */
  readonly command: string | undefined;
  readonly isCore: boolean;
  readonly isSystemProcess: boolean;
  readonly limit: number | "unlimited" | undefined;
  /** The line that says the limit, untouched. */
  readonly limitLine: string | undefined;
  readonly files: readonly PfilesFile[];
}

const HEAD = /^(?:core '.*' of )?(\d{1,10}):\t(.*)$/;
const LIMIT = /^ {2}Current rlimit: (\d{1,15}|unlimited) file descriptors$/;
const FILE = /^ *(\d{1,9}): (S_IF[A-Z]+|0x[0-9a-f]+) +mode:0\d+ dev:/;

/** What pfiles printed about one process or core. */
export function parsePfiles(text: string): Pfiles {
  const lines = text.split("\n");
  const head = HEAD.exec(lines[0] ?? "");
  const limitLine = lines.find((line) => LIMIT.test(line));
  const limit = LIMIT.exec(limitLine ?? "")?.[1];
  const starts = lines.flatMap((line, index) => (FILE.test(line) ? [index] : []));
  return {
    pid: head === null ? undefined : Number(head[1]),
    command: head?.[2],
    isCore: lines[0]?.startsWith("core '") ?? false,
    isSystemProcess: lines[1] === "  [system process]",
    limit: limit === undefined || limit === "unlimited" ? limit : Number(limit),
    limitLine,
    files: starts.map((start, index) => parseFile(lines.slice(start, starts[index + 1] ?? lines.length))),
  };
}

/** Why pfiles could not look, from its standard error: `permission denied`; undefined when it says nothing of it. */
export function pfilesFailure(stderr: string): string | undefined {
  const match =
    /^pfiles: (?:(cannot control process) \d+|cannot examine .*: ([^:\n]+)|([a-z][^:\n]*): \d+)$/m.exec(
      stderr,
    );
  return match?.[1] ?? match?.[2] ?? match?.[3];
}

function parseFile(lines: readonly string[]): PfilesFile {
  const [head = "", ...rest] = lines;
  const [, fd = "", type = ""] = FILE.exec(head) ?? [];
  const flagsLine = rest.find((line) => /^ {4,6}(?:O_|0x| *door to )/.test(line));
  const first = (form: RegExp) =>
    rest.map((line) => form.exec(line)?.[1]).find((found) => found !== undefined);
  const flags = /^ +([A-Z0-9_|x]+)/i.exec(flagsLine ?? "")?.[1] ?? "";
  return {
    fd: Number(fd),
    type,
    inode: integer(/ ino:(\d+)/.exec(head)?.[1]),
    sizeBytes: integer(/ size:(\d+)$/.exec(head)?.[1]),
    // Before 2024 FD_CLOEXEC came after a blank; now it is one of the flags.
    flags: [
      ...flags.split("|").filter((flag) => /^(?:O_|0x)/.test(flag)),
      ...(/ FD_CLOEXEC\b/.test(flagsLine ?? "") ? ["O_CLOEXEC"] : []),
    ],
    path: first(/^ {6}(\/.*)$/),
    offset: integer(first(/^ {6}offset: ?(\d+)$/)),
    door: first(/ {2}door to (.+)$/),
    lock: first(/^ {6}((?:advisory|mandatory) (?:read|write) lock set.*)$/),
    peerProcess: first(/^\tpeer: *(.*)$/),
    socket: type === "S_IFSOCK" ? parseSocket(rest) : undefined,
  };
}

function parseSocket(lines: readonly string[]): PfilesSocket {
  const own = lines.filter((line) => line.startsWith("\t")).map((line) => line.slice(1));
  const names = (key: string) => own.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
  const options = own.find((line) => /^(?:SO|IP|UDP)_/.test(line));
  return {
    type: own.find((line) => /^(?:SOCK_[A-Z]+$|unknown socket type)/.test(line)),
    options: options?.split(",") ?? [],
    // A backspace that pfiles prints over its last comma.
    filters: names("filters")?.replaceAll(",\b", ""),
    local: endpoint(names("sockname")),
    peer: endpoint(names("peername")),
    family: /^AF_\w+/.exec(names("sockname") ?? names("peername") ?? "")?.[0],
  };
}

function endpoint(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const match = /^AF_INET6? (\S+) {2}port: (\d{1,5})$/.exec(text);
  if (match === null) return text.replace(/^AF_\w+ ?/, "");
  const address = match[1]?.replace(/^::ffff:(?=\d+\.)/i, "") ?? "";
  return `${address.includes(":") ? `[${address}]` : address}:${match[2] === "0" ? "*" : match[2]}`;
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
