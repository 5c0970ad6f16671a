// /proc/PID/status (proc(5)): `Key:\tvalue` lines, sizes in kB. The kernel escapes newlines and backslashes in the name,
// so no line can be forged. Kernels differ in the lines they have: what is absent here is unknown.

export interface ProcStatus {
  /** As the kernel escaped it. */
  readonly name: string | undefined;
  /** One letter: R, S, D, T, t, Z, X, I. */
  readonly state: string | undefined;
  /** The whole field: `D (disk sleep)`. */
  readonly stateText: string | undefined;
  /** The process that a thread belongs to: its own pid for the first one. */
  readonly processId: number | undefined;
  readonly parentPid: number | undefined;
  /** 0 when nobody traces it. */
  readonly tracerPid: number | undefined;
  /** The real user. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly threads: number | undefined;
  /** Its pid in each pid namespace, ours first. */
  readonly namespacePids: readonly number[] | undefined;
  readonly virtualBytes: number | undefined;
  readonly virtualPeakBytes: number | undefined;
  readonly residentBytes: number | undefined;
  readonly residentPeakBytes: number | undefined;
  readonly anonymousBytes: number | undefined;
  readonly fileBytes: number | undefined;
  readonly sharedBytes: number | undefined;
  readonly lockedBytes: number | undefined;
  /** Beside the resident bytes, not among them. */
  readonly swapBytes: number | undefined;
  readonly voluntarySwitches: number | undefined;
  readonly involuntarySwitches: number | undefined;
  /** A bit for each of capabilities(7), in hexadecimal. */
  readonly effectiveCapabilities: string | undefined;
  /** Line by key, untouched. */
  readonly lines: ReadonlyMap<string, string>;
}

/** What /proc/PID/status says. */
export function parseProcStatus(text: string): ProcStatus {
  const lines = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) lines.set(line.slice(0, colon), line);
  }
  const value = (key: string) =>
    lines
      .get(key)
      ?.slice(key.length + 1)
      .trim();
  const number = (key: string) => integer(/^\d+/.exec(value(key) ?? "")?.[0]);
  const bytes = (key: string) => {
    const kilobytes = integer(/^(\d+) kB$/.exec(value(key) ?? "")?.[1]);
    return kilobytes === undefined ? undefined : kilobytes * 1024;
  };
  const stateText = value("State");
  return {
    name: value("Name"),
    state: /^[A-Za-z]/.exec(stateText ?? "")?.[0],
    stateText,
    processId: number("Tgid"),
    parentPid: number("PPid"),
    tracerPid: number("TracerPid"),
    uid: number("Uid"),
    gid: number("Gid"),
    threads: number("Threads"),
    namespacePids: value("NSpid")
      ?.split(/\s+/)
      .flatMap((pid) => integer(pid) ?? []),
    virtualBytes: bytes("VmSize"),
    virtualPeakBytes: bytes("VmPeak"),
    residentBytes: bytes("VmRSS"),
    residentPeakBytes: bytes("VmHWM"),
    anonymousBytes: bytes("RssAnon"),
    fileBytes: bytes("RssFile"),
    sharedBytes: bytes("RssShmem"),
    lockedBytes: bytes("VmLck"),
    swapBytes: bytes("VmSwap"),
    voluntarySwitches: number("voluntary_ctxt_switches"),
    involuntarySwitches: number("nonvoluntary_ctxt_switches"),
    effectiveCapabilities: /^[0-9a-f]{1,16}$/i.exec(value("CapEff") ?? "")?.[0],
    lines,
  };
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
