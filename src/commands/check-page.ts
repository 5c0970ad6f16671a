// What `exhibit check` says to a person: the answer first, then each reading with the raw line behind it.
import type { ReadingRecord } from "../bundle/manifest.ts";
import { printable } from "../printable.ts";
import type { Terminal } from "./command.ts";
import type { CheckResult } from "./results/check.ts";
import { styleOf, wrapText } from "./style.ts";

type Check = CheckResult["checks"][number];

const HEADS = [
  ["restart", "Speaks for a restart"],
  ["not-restart", "Comes from outside of the process"],
  ["none", "Also seen"],
] as const;

/** Lines that fit `columns`, but for raw lines, which are there to be read as they are. */
export function renderCheck(check: Check, terminal: Terminal): readonly string[] {
  const style = styleOf(terminal);
  const columns = Math.max(40, terminal.columns);
  const { target, windowMs, questions, answer, collectors } = check;
  const colour = {
    restart: style.yellow,
    elsewhere: style.yellow,
    nothing: style.green,
    unknown: style.yellow,
  };
  const wrap = (text: string, indent: number) => wrapText(text, { columns, indent });
  const seconds = (windowMs / 1000).toFixed(1);
  const partial = collectors.filter(({ status }) => status !== "ok");
  return [
    ...wrap(
      `${style.bold(target.service ?? target.command)} (pid ${target.pid}${target.runtime === "unknown" ? "" : `, ${target.runtime}`}): ${questions} questions, looked at for ${seconds} s, never stopped`,
      0,
    ),
    ...wrap(colour[answer](check.text), 0),
    ...HEADS.flatMap(([speaksFor, head]) => {
      const those = check.readings.filter((reading) => (reading.speaksFor ?? "none") === speaksFor);
      if (those.length === 0) return [];
      return ["", style.bold(head), ...those.flatMap((reading) => renderReading(reading))];
    }),
    ...(partial.length === 0 ? [] : ["", style.bold("Not seen, or not all of it")]),
    ...partial.flatMap(({ name, status, reason }) =>
      wrap(`  ${name}: ${status}${reason === undefined ? "" : `: ${printable(reason, 400)}`}`, 4),
    ),
  ];

  function renderReading({ text, line, next, sureness }: ReadingRecord): readonly string[] {
    const hint = sureness === "hint" ? " (a hint)" : "";
    return [
      ...wrap(`  - ${text}${hint}`, 4),
      ...(line === undefined ? [] : [style.dim(`      ${printable(line, 500)}`)]),
      ...(next === undefined ? [] : wrap(`    ${next}`, 4)),
    ];
  }
}
