// /proc/PID/psinfo of illumos (proc(5) there, `psinfo_t`), as a 64-bit kernel writes it: little-endian on x86, padded
// as C pads. The pid in it must be the one asked for, which also shows that the layout is the expected one.

export interface Psinfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  /** 0 for a zombie. */
  readonly lwps: number;
  readonly virtualBytes: number;
  readonly residentBytes: number;
  /** Since 1970; the nanoseconds make it unique for a pid. */
  readonly startSeconds: number;
  readonly startNanoseconds: number;
  /** pr_fname: at most 15 bytes of the executable's name. */
  readonly command: Uint8Array;
  /** pr_psargs: at most 79 bytes of the arguments, joined by blanks. */
  readonly commandLine: Uint8Array;
  readonly zoneId: number;
  readonly contract: number;
}

const SIZE_BYTES = 288;

/** What psinfo says of `pid`; undefined when it is another structure, or another process's. */
export function parsePsinfo(bytes: Uint8Array, pid: number): Psinfo | undefined {
  if (bytes.length < SIZE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const integer = (at: number) => view.getInt32(at, true);
  const long = (at: number) => Number(view.getBigUint64(at, true));
  const text = (at: number, length: number) => {
    const field = bytes.subarray(at, at + length);
    const end = field.indexOf(0);
    return end < 0 ? field : field.subarray(0, end);
  };
  const [startSeconds, startNanoseconds] = [long(88), long(96)];
  if (integer(8) !== pid || startNanoseconds >= 1_000_000_000 || startSeconds > 2 ** 40) return undefined;
  return {
    pid,
    lwps: integer(4),
    parentPid: integer(12),
    uid: view.getUint32(24, true),
    virtualBytes: long(48) * 1024,
    residentBytes: long(56) * 1024,
    startSeconds,
    startNanoseconds,
    command: text(136, 16),
    commandLine: text(152, 80),
    zoneId: integer(276),
    contract: integer(280),
  };
}
