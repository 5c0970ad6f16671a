// The timeline of `exhibit show`: how long each collector took, when it stopped the target, and when COMMAND began.
import type { CollectorRecord } from "../bundle/manifest.ts";
import { originMs } from "../bundle/origin.ts";
import { printable } from "../printable.ts";
import type { ShowResult } from "./results/bundles.ts";
import { layColumns, type Style } from "./style.ts";

const BAR = { least: 10, most: 60 };

/** One bar per collector over the time of the capture; the stop is drawn as `#`, and `|` is where COMMAND began. */
export function timeline(
  { manifest, outcome }: ShowResult,
  { style, columns }: { readonly style: Style; readonly columns: number },
): readonly string[] {
  const ran = manifest.collectors.filter(({ durationMs }) => durationMs !== undefined);
  if (ran.length === 0) return [];
  const begun =
    outcome?.startedAt === undefined ? undefined : Date.parse(outcome.startedAt) - originMs(manifest);
  const ends = ran.map((one) => (one.startedMonotonicMs ?? 0) + (one.durationMs ?? 0));
  const totalMs = Math.max(1, begun ?? 0, ...ends);
  const rowsWith = (width: number) => [
    ...ran.map((one) => [
      printable(one.name, 40),
      one.status,
      bar(one, totalMs, width),
      seconds(one.durationMs ?? 0).padStart(6),
      one.observedPauseMs ? `stopped ${one.observedPauseMs} ms` : "",
    ]),
    ...(begun === undefined || begun < 0
      ? []
      : [["COMMAND", "", mark(begun, totalMs, width), `+${seconds(begun)}`.padStart(6), ""]]),
  ];
  const taken = Math.max(...layColumns(rowsWith(0)).map(({ length }) => length)) + 1;
  const width = Math.max(BAR.least, Math.min(BAR.most, columns - taken));
  const colours = [...ran.map(({ status }) => (status === "ok" ? style.green : style.yellow)), style.cyan];
  const paint = (line: string, index: number) =>
    // Names of collectors have none of these.
    line.replace(/[=#|]+/, (drawn) =>
      drawn.startsWith("#") ? style.red(drawn) : (colours[index] ?? style.bold)(drawn),
    );
  return [
    "",
    style.bold(
      `Timeline (${seconds(totalMs)}${manifest.pausedMs === 0 || manifest.made ? "" : "; # it was stopped meanwhile"})`,
    ),
    ...layColumns(rowsWith(width)).map((line, index) => ` ${paint(line, index)}`),
  ];
}

function mark(atMs: number, totalMs: number, width: number): string {
  if (width === 0) return "";
  return `${" ".repeat(Math.min(width - 1, Math.floor((atMs / totalMs) * width)))}|`.padEnd(width);
}

function bar(one: CollectorRecord, totalMs: number, width: number): string {
  if (width === 0) return "";
  const from = Math.min(width - 1, Math.floor(((one.startedMonotonicMs ?? 0) / totalMs) * width));
  const share = Math.round(((one.durationMs ?? 0) / totalMs) * width);
  const length = Math.max(1, Math.min(width - from, share));
  const drawn = (one.observedPauseMs ? "#" : "=").repeat(length);
  return (" ".repeat(from) + drawn).padEnd(width);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
