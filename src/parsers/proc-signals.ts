// The signal masks of /proc/PID/status (proc(5)): 64 bits in hexadecimal, bit N-1 for signal N.

const MASKS = { caught: "SigCgt", blocked: "SigBlk", ignored: "SigIgn" } as const;

/** How a process takes one signal; undefined where the masks cannot be read. */
export function parseSignal(
  lines: ReadonlyMap<string, string>,
  signal: number,
): Readonly<Record<keyof typeof MASKS, boolean>> | undefined {
  const bit = (key: string) => {
    const hex = /:\s*([0-9a-f]{16})$/.exec(lines.get(key) ?? "")?.[1];
    return hex === undefined ? undefined : ((BigInt(`0x${hex}`) >> BigInt(signal - 1)) & 1n) === 1n;
  };
  const [caught, blocked, ignored] = [bit(MASKS.caught), bit(MASKS.blocked), bit(MASKS.ignored)];
  if (caught === undefined || blocked === undefined || ignored === undefined) return undefined;
  return { caught, blocked, ignored };
}
