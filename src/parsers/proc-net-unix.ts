// /proc/PID/net/unix (proc_pid_net(5), net/unix/af_unix.c). The path is printed as it is, newlines included, so whoever
// binds a socket can forge a line: of an inode that is there twice only the inode is believed.

export interface UnixSocket {
  readonly protocol: "unix";
  /** `stream`, `dgram`, `seqpacket`. */
  readonly type: string | undefined;
  readonly state: string | undefined;
  /** A stranger wrote it; `@` begins an abstract name. */
  readonly path: string | undefined;
  readonly inode: number;
}

const TYPES: Readonly<Record<string, string>> = { "0001": "stream", "0002": "dgram", "0005": "seqpacket" };
const STATES: Readonly<Record<string, string>> = {
  "01": "UNCONNECTED",
  "02": "CONNECTING",
  "03": "CONNECTED",
  "04": "DISCONNECTING",
};
/** __SO_ACCEPTCON: it listens. */
const LISTENS = 0x10000;

/** UNIX sockets by inode. */
export function parseProcNetUnix(text: string): ReadonlyMap<number, UnixSocket> {
  const sockets = new Map<number, UnixSocket>();
  for (const line of text.split("\n")) {
    const match =
      /^[0-9a-f]+: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{4}) ([0-9A-F]{2}) +(\d{1,15})(?: (.*))?$/i.exec(
        line,
      );
    if (match === null) continue;
    const [, flags = "", type = "", state = "", inodeText = "", path] = match;
    const inode = Number(inodeText);
    const listens = (Number.parseInt(flags, 16) & LISTENS) !== 0;
    const socket: UnixSocket = {
      protocol: "unix",
      type: TYPES[type],
      state: listens ? "LISTEN" : STATES[state],
      path,
      inode,
    };
    sockets.set(
      inode,
      sockets.has(inode) ? { ...socket, type: undefined, state: undefined, path: undefined } : socket,
    );
  }
  return sockets;
}
