// `--since` and `--until`: a time ago, or an instant. Both ends count, to the second, as the ids of bundles tell it.
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { parseDurationMs } from "../units.ts";

/** RFC 3339 with what people leave out: a day alone, no seconds, no zone (then UTC). */
const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** Milliseconds since 1970 of `2h` ago, `2026-11-22`, `2026-11-22T03:12Z`; undefined when it is none of these. */
export function parseTime(text: string, nowMs: number): number | undefined {
  const agoMs = parseDurationMs(text);
  if (agoMs !== undefined) return nowMs - agoMs;
  const [, day, time = "00:00", seconds = ":00", zone = "Z"] = INSTANT.exec(text) ?? [];
  const atMs = Date.parse(`${day}T${time}${seconds}${zone}`);
  // Date.parse takes the 31st of February for the 3rd of March.
  if (Number.isNaN(atMs) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day) return undefined;
  return atMs;
}

export interface TimeBounds {
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

/** Throws UsageError with an example. */
export function readTimeBounds(
  options: { readonly since: string | undefined; readonly until: string | undefined },
  nowMs: number,
): TimeBounds {
  const read = (name: "since" | "until"): number | undefined => {
    const text = options[name];
    if (text === undefined) return undefined;
    const atMs = parseTime(text, nowMs);
    if (atMs !== undefined) return atMs;
    throw new UsageError(`--${name} ${printable(text)}: not a time`, {
      hint: "a time ago such as 2h or 90m, or an instant such as 2026-11-22 or 2026-11-22T03:12Z",
    });
  };
  const [since, until] = [read("since"), read("until")];
  if (since !== undefined && until !== undefined && since > until)
    throw new UsageError("--since is after --until");
  return { since, until };
}

/** The beginning of the ids of that second: `20261122T031207Z`. */
export function idTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}

/** `2026-11-22T03:12:07Z` of an id. */
export function instantOfId(captureId: string): string {
  return captureId.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z");
}
