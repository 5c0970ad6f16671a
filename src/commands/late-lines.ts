// What became of evidence that stood safe when COMMAND started and was still being written: the core of a snapshot. Told after
// COMMAND has ended, as until then the terminal is COMMAND's; so with the time at which it was whole.
import type { CollectorRecord } from "../bundle/manifest.ts";
import { printable } from "../printable.ts";

/** One line for each of `names`. */
export function lateLines(records: readonly CollectorRecord[], names: readonly string[]): string[] {
  return records
    .filter(({ name }) => names.includes(name))
    .map(({ name, status, reason, endedAt }) => {
      const at = endedAt === undefined ? "" : ` at ${endedAt.slice(11, 19)}Z`;
      if (status === "ok") return `exhibit: the ${name} was complete and checked${at}`;
      return `exhibit: the ${name} is ${status}${at}${reason === undefined ? "" : `: ${printable(reason, 300)}`}`;
    });
}
