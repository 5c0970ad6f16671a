// exhibit diff: two bundles of one service, before and after or sick and healthy: what differs that matters.
import { sideOf, type ReadableBundle } from "../capture/compare-with-earlier.ts";
import { ExhibitError, UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { compareSides } from "../readings/compare.ts";
import { describeVital } from "../readings/comparison-text.ts";
import { differencesOf, movedVitals } from "../readings/differences.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import { findReadable } from "./readable-bundle.ts";
import type { DiffResult } from "./results/diff.ts";
import { styleOf, wrapText, type Style } from "./style.ts";

export async function run(context: CommandContext<object>): Promise<CommandResult> {
  const [first, second] = context.positionals;
  if (first === undefined || second === undefined)
    throw new UsageError("which two bundles? exhibit ls lists them", { hint: "exhibit diff A B" });
  const loaded = await readSettings(context);
  const a = await findReadable(first, loaded);
  const b = await findReadable(second, loaded);
  const json = await compareBundles(a, b);
  const { terminal } = context;
  const page = { style: styleOf(terminal), columns: Math.max(40, terminal.columns) };
  return { exitCode: json.differs ? 1 : 0, text: `${render(json, page).join("\n")}\n`, json };
}

async function compareBundles(a: ReadableBundle, b: ReadableBundle): Promise<DiffResult> {
  const [one, other] = [a.manifest, b.manifest];
  if (one.target === undefined || other.target === undefined)
    throw new ExhibitError("only bundles of a process can be compared", {
      hint: "bundles of exhibit run and exhibit add have none",
    });
  const [sideA, sideB] = await Promise.all([sideOf(a), sideOf(b)]);
  const comparison = compareSides(sideA, sideB);
  const vitals = movedVitals(comparison.vitals);
  const differences = differencesOf(
    { target: one.target, evidence: sideA.evidence },
    { target: other.target, evidence: sideB.evidence },
  ).map(({ what, a: told, b: then }) => ({ what, a: printable(told, 400), b: printable(then, 400) }));
  const texts = (from: typeof one, ids: readonly string[]) =>
    from.readings.filter(({ id }) => ids.includes(id)).map(({ id, text }) => ({ id, text }));
  const readings = {
    onlyA: texts(one, comparison.gone),
    onlyB: texts(other, comparison.appeared),
    both: texts(other, comparison.stayed),
    unseen: texts(one, comparison.unseen),
  };
  return {
    a: about(one),
    b: about(other),
    differs:
      vitals.length +
        differences.length +
        readings.onlyA.length +
        readings.onlyB.length +
        readings.unseen.length >
      0,
    vitals: comparison.vitals.map((vital) => ({ ...vital })),
    moved: vitals.map(({ id }) => id),
    differences,
    readings,
  };
}

function about({ captureId, startedAt, host, target }: ReadableBundle["manifest"]): DiffResult["a"] {
  return {
    captureId,
    startedAt,
    host: printable(host.hostname),
    target: printable(target?.service ?? target?.command ?? ""),
    pid: target?.pid ?? 0,
  };
}

function render(
  { a, b, vitals, moved, differences, readings, differs }: DiffResult,
  { style, columns }: { readonly style: Style; readonly columns: number },
): readonly string[] {
  const wrap = (text: string, indent = 4) => wrapText(text, { columns, indent });
  const block = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", style.bold(title), ...lines];
  const side = (name: string, { captureId, target, pid, host }: DiffResult["a"]) =>
    wrap(`${style.bold(name)}  ${captureId}  ${target} (pid ${pid}) on ${host}`, 3);
  const listed = (those: readonly { readonly text: string }[]) =>
    those.flatMap(({ text }) => wrap(`  - ${printable(text, 300)}`));
  return [
    ...side("A", a),
    ...side("B", b),
    ...block("Only A", listed(readings.onlyA)),
    ...block("Only B", listed(readings.onlyB)),
    ...block("Both", listed(readings.both)),
    ...block("A, and of B it is not known", listed(readings.unseen)),
    ...block(
      "Numbers, A -> B",
      vitals.filter(({ id }) => moved.includes(id)).map((vital) => `  ${describeVital(vital)}`),
    ),
    ...block(
      "What it is",
      differences.flatMap(({ what, a: told, b: then }) => [
        `  ${what}`,
        ...wrap(`    A  ${told}`, 7),
        ...wrap(`    B  ${then}`, 7),
      ]),
    ),
    ...(differs ? [] : ["", style.green("Nothing differs that matters.")]),
  ];
}
