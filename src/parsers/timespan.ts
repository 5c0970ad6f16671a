// A time span as systemd prints it (systemd.time(7)): `1min 30s`, `500ms`, `infinity`.

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["y", 31_557_600_000],
  ["month", 2_629_800_000],
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
  ["ms", 1],
  ["us", 0.001],
]);

/** Milliseconds, or Infinity; undefined when it is no time span. */
export function parseTimespanMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === "infinity") return Number.POSITIVE_INFINITY;
  if (trimmed === "0") return 0;
  const words = trimmed.split(/\s+/);
  let total = 0;
  for (const word of words) {
    const [, number, unit = ""] = /^(\d{1,15}(?:\.\d{1,9})?)([a-z]{1,5})$/.exec(word) ?? [];
    const factor = UNIT_MS.get(unit);
    if (number === undefined || factor === undefined) return undefined;
    total += Number(number) * factor;
  }
  return total;
}
