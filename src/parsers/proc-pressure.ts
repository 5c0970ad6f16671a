// Pressure stall information: /proc/pressure/* and the *.pressure files of cgroup2, one shape for all
// (Documentation/accounting/psi.rst): `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`.

/** Share of the last 10, 60 and 300 s in which tasks waited, in percent, and the microseconds of it since boot. */
export interface Stall {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly totalUs: number;
}

/** `some`: at least one task waited. `full`: all that could have run did. */
export interface Pressure {
  readonly some?: Stall;
  readonly full?: Stall;
}

const LINE = /^(some|full) avg10=(\d+\.\d+) avg60=(\d+\.\d+) avg300=(\d+\.\d+) total=(\d+)$/gm;

/** What is not there (`full` of the CPU on older kernels) is absent. */
export function parsePressure(text: string): Pressure {
  const stalls: { some?: Stall; full?: Stall } = {};
  for (const [, kind, avg10, avg60, avg300, total] of text.matchAll(LINE)) {
    const stall = {
      avg10: Number(avg10),
      avg60: Number(avg60),
      avg300: Number(avg300),
      totalUs: Number(total),
    };
    if (kind === "some") stalls.some = stall;
    else stalls.full = stall;
  }
  return stalls;
}
