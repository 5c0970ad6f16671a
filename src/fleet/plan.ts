// The order in which the hosts of a job have their turn, and its limits. Pure: hosts in, plan out. One canary first, then
// one host of every other service, then the rest: what goes wrong goes wrong on one host of a service.
import type { FleetHost } from "./transport.ts";

/** What of it may fail before no more hosts are begun: so many, or a share of all. */
export type FailureLimit = { readonly hosts: number } | { readonly percent: number };

export interface Limits {
  /** Hosts at once. */
  readonly atMost: number;
  /** Hosts of one service that may be paused (or restarted) at once; undefined when nothing is paused. */
  readonly pausesAtMost: number | undefined;
  /** Of the whole job, once the canary is through; in the canary none may fail. */
  readonly stopAfter: FailureLimit;
  readonly deadlineMs: number;
}

export interface Wave {
  readonly name: "canary" | "one of each service" | "the rest" | "all";
  readonly hosts: readonly FleetHost[];
}

export interface Plan {
  readonly waves: readonly Wave[];
  readonly limits: Limits;
  /** The job begins no more hosts once more than so many have failed. */
  readonly mayFail: number;
}

/** The waves of hosts that are there once each; `careful` is false for what changes and stops nothing: one wave then. */
export function planOf(hosts: readonly FleetHost[], limits: Limits, careful: boolean): Plan {
  return {
    waves: careful ? inWaves(hosts) : [{ name: "all", hosts }],
    limits,
    mayFail: mayFail(hosts.length, limits.stopAfter),
  };
}

function inWaves(hosts: readonly FleetHost[]): readonly Wave[] {
  const [canary] = hosts;
  if (canary === undefined) return [];
  const seen = new Set([canary.service]);
  const others: FleetHost[] = [];
  const rest: FleetHost[] = [];
  for (const host of hosts.slice(1)) {
    (seen.has(host.service) ? rest : others).push(host);
    seen.add(host.service);
  }
  const waves: readonly Wave[] = [
    { name: "canary", hosts: [canary] },
    { name: "one of each service", hosts: others },
    { name: "the rest", hosts: rest },
  ];
  return waves.filter(({ hosts: some }) => some.length > 0);
}

/** A share is rounded up: 10 % of 5 hosts is one. */
function mayFail(count: number, limit: FailureLimit): number {
  return "hosts" in limit ? limit.hosts : Math.ceil((count * limit.percent) / 100);
}

/** `3` or `10%`; undefined when it is neither. */
export function parseFailureLimit(text: string): FailureLimit | undefined {
  const [, number, sign] = /^(\d{1,5})(%?)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  if (sign !== "%") return { hosts: Number(number) };
  return Number(number) > 100 ? undefined : { percent: Number(number) };
}
