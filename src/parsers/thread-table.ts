// What threads did, as a table that people read: the window's medians first, then interval by interval.
import { mediansOf, type ThreadUsage } from "./thread-usage.ts";

const HEADER = "     TID S   CPU   USR   SYS   LAT   VCX   ICX ON WCHAN                    NAME";
/** An interval shows the busiest threads only; usage.jsonl has all of them. */
const ROWS_AN_INTERVAL = 20;

function cell(value: number | undefined, width: number): string {
  return (value === undefined ? "-" : String(value)).padStart(width);
}

/** One row of the table: what one thread did in one interval. */
export function threadRow(usage: ThreadUsage): string {
  const shares = [usage.cpuPercent, usage.userPercent, usage.systemPercent, usage.latPercent];
  return [
    cell(usage.tid, 8),
    usage.state ?? "-",
    ...shares.map((share) => cell(share, 5)),
    cell(usage.voluntary, 5),
    cell(usage.involuntary, 5),
    cell(usage.processor, 2),
    (usage.wchan ?? "-").padEnd(24),
    usage.name,
  ].join(" ");
}

/**
 * A text table, oldest interval first. Each list of `intervals` holds the threads of one interval. CPU, USR, SYS and LAT are
 * percent of the interval; `-` is unknown.
 */
export function threadTable(intervals: readonly (readonly ThreadUsage[])[]): string {
  const medians = mediansOf(intervals.flat(), "cpuPercent").map(({ usage }) => usage);
  const blocks = intervals.map((usages) => {
    const busiest = usages.toSorted((a, b) => (b.cpuPercent ?? -1) - (a.cpuPercent ?? -1));
    const shown = busiest.slice(0, ROWS_AN_INTERVAL);
    const more =
      usages.length > shown.length ? [`... ${usages.length - shown.length} more threads in usage.jsonl`] : [];
    const [first] = usages;
    return [
      `${first?.at ?? "-"}, ${first?.elapsedMs ?? "-"} ms`,
      HEADER,
      ...shown.map(threadRow),
      ...more,
    ].join("\n");
  });
  const count = intervals.length === 1 ? "1 interval" : `${intervals.length} intervals`;
  const window = [`The median interval of each thread, ${count}`, HEADER, ...medians.map(threadRow)];
  return `${[window.join("\n"), ...blocks].join("\n\n")}\n`;
}
