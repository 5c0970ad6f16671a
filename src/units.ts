// Durations and sizes as people write them in settings and flags: one strict form each, anything else is refused.

const DURATION = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;
const SIZE = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:i?B)?|B)?$/;
const FACTORS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Milliseconds of `90s`, `1h30m`, `2m`, `250ms` or `0`; undefined when it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  const match = DURATION.exec(text);
  if (!match || text === "") return undefined;
  const [, hours = "0", minutes = "0", seconds = "0", milliseconds = "0"] = match;
  const total =
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(milliseconds);
  return whole(total);
}

/** Bytes of `20G`, `512M`, `100K`, `4096`; undefined when it is none of these. Units are powers of 1024. */
export function parseSizeBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (!match) return undefined;
  const [, number = "0", unit] = match;
  return whole(Number(number) * (unit === undefined ? 1 : (FACTORS[unit] ?? 1)));
}

/** Past 2^53 it would no longer be the number that was written; infinity is none in JSON. */
function whole(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}
