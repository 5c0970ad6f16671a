// Which threads were on a CPU, second by second. Threads of one kind count together: `worker-1` and `worker-2` are `worker-#`.
import type { ThreadEvidence, ThreadInterval } from "../readings/evidence/threads.ts";
import type { Colour } from "./bars.ts";
import { columnChart, intervalsOf, meanText, spread, type Series } from "./columns.ts";
import { html, type Markup } from "./markup.ts";

const COLOURS: readonly Colour[] = ["red", "orange", "blue", "green", "pink", "yellow"];
const OTHERS: Colour = "grey";
/** One core is half of the height; where more than two were busy the scale doubles, and only then. */
const LEAST_TOP = 200;

interface Kind {
  readonly name: string;
  readonly threads: ReadonlySet<number>;
  readonly busyMs: Float64Array;
  readonly allMs: number;
}

export interface ThreadShares {
  readonly series: readonly Series[];
  /** Since the capture began. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The shares of the busiest kinds of threads, the main one apart, and those of all others together; undefined without a time. */
export function threadShares(
  threads: ThreadEvidence | undefined,
  beganAtMs: number,
): ThreadShares | undefined {
  const known = timed(threads?.usages ?? []);
  if (threads === undefined || known.length === 0) return undefined;
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { endsAt, usage } of known) {
    from = Math.min(from, endsAt - usage.elapsedMs);
    to = Math.max(to, endsAt);
  }
  const span = to - from;
  const count = intervalsOf(span, known[0]?.usage.elapsedMs ?? 1000);
  const kinds = new Map<
    string,
    { names: Set<string>; threads: Set<number>; busyMs: Float64Array; allMs: number }
  >();
  const keys = new Map<string, string>();
  for (const { usage, endsAt } of known) {
    let key = usage.tid === threads.mainThread ? "" : keys.get(usage.name);
    if (key === undefined) {
      key = usage.name.replace(/\d+/g, "#");
      keys.set(usage.name, key);
    }
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = { names: new Set(), threads: new Set(), busyMs: new Float64Array(count), allMs: 0 };
      kinds.set(key, kind);
    }
    const amount = ((usage.cpuPercent ?? 0) / 100) * usage.elapsedMs;
    kind.names.add(usage.name);
    kind.threads.add(usage.tid);
    kind.allMs += amount;
    if (amount > 0)
      spread(kind.busyMs, { from: endsAt - usage.elapsedMs - from, to: endsAt - from, span, amount });
  }
  const named = [...kinds].map(([key, { names, ...kind }]): Kind => {
    const [only = ""] = names;
    if (key === "") return { ...kind, name: `${only} (main)` };
    return { ...kind, name: names.size === 1 ? only : key };
  });
  return {
    series: toSeries(named, span / count),
    fromMs: from - beganAtMs,
    toMs: to - beganAtMs,
  };
}

function toSeries(kinds: readonly Kind[], stepMs: number): readonly Series[] {
  const ranked = kinds.toSorted((a, b) => b.allMs - a.allMs);
  const shares = (busyMs: Float64Array) => Array.from(busyMs, (ms) => (100 * ms) / stepMs);
  const shown = ranked.slice(0, COLOURS.length).map(({ name, threads, busyMs }, index): Series => ({
    name: threads.size === 1 ? name : `${name} ×${threads.size}`,
    colour: COLOURS[index] ?? OTHERS,
    shares: shares(busyMs),
  }));
  const rest = ranked.slice(COLOURS.length);
  if (rest.length === 0) return shown;
  const sum = new Float64Array(rest[0]?.busyMs.length ?? 0);
  for (const { busyMs } of rest) for (const [at, ms] of busyMs.entries()) sum[at] = (sum[at] ?? 0) + ms;
  const count = rest.reduce((all, { threads }) => all + threads.size, 0);
  return [...shown, { name: `others ×${count}`, colour: OTHERS, shares: shares(sum) }];
}

/** Those of which the end is known; the same instant is read once. */
function timed(usages: readonly ThreadInterval[]): readonly { usage: ThreadInterval; endsAt: number }[] {
  const instants = new Map<string, number>();
  const found: { usage: ThreadInterval; endsAt: number }[] = [];
  for (const usage of usages) {
    if (usage.at === undefined || usage.cpuPercent === undefined) continue;
    let endsAt = instants.get(usage.at);
    if (endsAt === undefined) {
      endsAt = Date.parse(usage.at);
      instants.set(usage.at, endsAt);
    }
    if (Number.isFinite(endsAt)) found.push({ usage, endsAt });
  }
  return found;
}

/** The card; undefined when no thread was seen twice. */
export function cpuCard(
  threads: ThreadEvidence | undefined,
  { beganAtMs, mask }: { readonly beganAtMs: number; readonly mask: (text: string) => string },
): Markup | undefined {
  const found = threadShares(threads, beganAtMs);
  if (found === undefined) return undefined;
  const series = found.series.map((one) => ({ ...one, name: mask(one.name) }));
  const highest = Math.max(
    ...(series[0]?.shares ?? []).map((_, at) =>
      series.reduce((sum, { shares }) => sum + (shares[at] ?? 0), 0),
    ),
  );
  let top = LEAST_TOP;
  while (top < highest * 0.98) top *= 2;
  const means = series.map((one) => `${one.name} ${meanText(one)}`).join(", ");
  return html`<div class="card">
    <h2>CPU by thread <small>100% is one core; means below</small></h2>
    ${columnChart({
      label: `CPU by thread over time; means: ${means}`,
      series,
      top,
      lines: [0, top / 2, top],
      fromMs: found.fromMs,
      toMs: found.toMs,
    })}
  </div>`;
}
