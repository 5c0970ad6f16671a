// `prstat -mLc -d u` on illumos: blocks, each a line with the epoch, a header, one row for each thread, and a line of totals.
// The first block is the average since the process started (lwp_update() in illumos-gate usr/src/cmd/prstat/prstat.c), only the
// others are samples.

export interface PrstatRow {
  readonly pid: number;
  readonly user: string;
  readonly lwp: number;
  /** The process's, at most 12 bytes, of a stranger. */
  readonly command: string;
  readonly threadName: string | undefined;
  /** Percent of the interval in each microstate; all undefined in a row of zeros (a zombie, or no permission). */
  readonly percents: Readonly<Record<Microstate, number | undefined>>;
  /** In the interval. */
  readonly counts: Readonly<Record<Count, number | undefined>>;
  readonly line: string;
}

export interface PrstatBlock {
  readonly epochSeconds: number | undefined;
  /** The average since the process started: no sample. */
  readonly isLifetime: boolean;
  readonly rows: readonly PrstatRow[];
  /** How many threads there are in all, shown or not. */
  readonly lwps: number | undefined;
}

const MICROSTATES = ["usr", "sys", "trp", "tfl", "dfl", "lck", "slp", "lat"] as const;
const COUNTS = ["vcx", "icx", "scl", "sig"] as const;
type Microstate = (typeof MICROSTATES)[number];
type Count = (typeof COUNTS)[number];

const ROW =
  /^\s*(\d{1,10})\s+(\S+)((?:\s+[\d.-]+){8})((?:\s+[\d.]+[KMG]?){4})\s+(.*)\/(\d{1,10})(?:\s+\[(.*)\])?\s*$/;

/** The blocks of one run of prstat, in order. Lines that are none of its own are passed over. */
export function parsePrstat(text: string): PrstatBlock[] {
  const blocks: { epochSeconds: number | undefined; rows: PrstatRow[]; lwps: number | undefined }[] = [];
  let epochSeconds: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const block = blocks.at(-1);
    if (/^\d{9,11}$/.test(line)) epochSeconds = Number(line);
    else if (/^\s*PID\s+USERNAME\s+USR\s/.test(line)) {
      blocks.push({ epochSeconds, rows: [], lwps: undefined });
      epochSeconds = undefined;
    } else if (block !== undefined) {
      const lwps = /^Total: .*?(\d{1,9}) lwps/.exec(line)?.[1];
      if (lwps !== undefined) block.lwps = Number(lwps);
      else block.rows.push(...parseRow(line));
    }
  }
  return blocks.map((block, index) => ({ ...block, isLifetime: index === 0 }));
}

function parseRow(line: string): PrstatRow[] {
  const [, pid, user, percents = "", counts = "", command, lwp, threadName] = ROW.exec(line) ?? [];
  if (pid === undefined || user === undefined || command === undefined || lwp === undefined) return [];
  const shares = percents.trim().split(/\s+/).map(percentOf);
  const numbers = counts.trim().split(/\s+/).map(countOf);
  const isKnown = shares.some((share) => share !== undefined && share > 0);
  const [usr, sys, trp, tfl, dfl, lck, slp, lat] = isKnown ? shares : [];
  const [vcx, icx, scl, sig] = isKnown ? numbers : [];
  return [
    {
      pid: Number(pid),
      user,
      lwp: Number(lwp),
      command,
      threadName,
      percents: { usr, sys, trp, tfl, dfl, lck, slp, lat },
      counts: { vcx, icx, scl, sig },
      line,
    },
  ];
}

function percentOf(cell: string): number | undefined {
  return /^\d{1,3}(?:\.\d+)?$/.test(cell) ? Number(cell) : undefined;
}

/**
 * `999`, `1K`, `.9M`. Only three characters survive, so a million is `.10`: without a letter `.NN` counts NN hundred thousands
 * (Format_num() in prutil.c).
 */
function countOf(cell: string): number | undefined {
  const [, number, unit] = /^(\d{1,15}|\d{0,3}\.\d{1,3})([KMG]?)$/.exec(cell) ?? [];
  if (number === undefined) return undefined;
  if (unit === "" && /^\.\d{2,}$/.test(number)) return Math.round(Number(number) * 10_000_000);
  if (unit === "" && number.includes(".")) return undefined;
  const factor = unit === "K" ? 1000 : unit === "M" ? 1_000_000 : unit === "G" ? 1_000_000_000 : 1;
  return Math.round(Number(number) * factor);
}
