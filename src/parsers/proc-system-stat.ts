// /proc/stat (proc(5)): what the CPUs did since boot, in clock ticks, and what is running now.

type Kind = "user" | "nice" | "system" | "idle" | "iowait" | "irq" | "softirq" | "steal";

/** In the order of the columns. */
const KINDS: readonly Kind[] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];

/** Clock ticks since boot. Time of guests is part of `user` and `nice` already. */
export type CpuTimes = Readonly<Record<Kind, number>>;

export interface SystemStat {
  /** All CPUs together. */
  readonly total?: CpuTimes;
  /** How many CPUs are online; undefined when no line tells of one. */
  readonly cpus?: number;
  readonly contextSwitches?: number;
  /** Tasks that run or want to run. */
  readonly running?: number;
  /** Tasks that wait for a disk. */
  readonly blocked?: number;
}

/** What the text tells; lines that cannot be read are absent. */
export function parseSystemStat(text: string): SystemStat {
  const total = cpuTimes(/^cpu {1,2}(\d[\d ]*)$/m.exec(text)?.[1]);
  const cpus = text.match(/^cpu\d+ /gm)?.length;
  const contextSwitches = numberAfter(text, "ctxt");
  const running = numberAfter(text, "procs_running");
  const blocked = numberAfter(text, "procs_blocked");
  return {
    ...(total === undefined ? {} : { total }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(contextSwitches === undefined ? {} : { contextSwitches }),
    ...(running === undefined ? {} : { running }),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

/**
 * What part of the CPU time between two looks went where, in percent that sum to 100; undefined when no time went by.
 * A kind whose count went back (proc(5) says that iowait may) counts as nothing.
 */
export function cpuShares(before: CpuTimes, after: CpuTimes): CpuTimes | undefined {
  const spent = timesOf((kind) => Math.max(0, after[kind] - before[kind]));
  const sum = KINDS.reduce((all, kind) => all + spent[kind], 0);
  return sum === 0 ? undefined : timesOf((kind) => (100 * spent[kind]) / sum);
}

function cpuTimes(numbers: string | undefined): CpuTimes | undefined {
  const ticks = numbers?.trim().split(/ +/).map(Number) ?? [];
  // Since Linux 2.6.11 there are at least these eight.
  if (ticks.length < KINDS.length || !ticks.every(Number.isSafeInteger)) return undefined;
  return timesOf((kind) => ticks[KINDS.indexOf(kind)] ?? 0);
}

function timesOf(value: (kind: Kind) => number): CpuTimes {
  return {
    user: value("user"),
    nice: value("nice"),
    system: value("system"),
    idle: value("idle"),
    iowait: value("iowait"),
    irq: value("irq"),
    softirq: value("softirq"),
    steal: value("steal"),
  };
}

function numberAfter(text: string, key: string): number | undefined {
  const digits = new RegExp(`^${key} (\\d{1,15})$`, "m").exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
