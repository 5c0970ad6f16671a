// The kernel's tables of the host collector, as rules ask for them.
import { parseMemoryLimit } from "../parsers/cgroup.ts";
import { parseKeyValues } from "../parsers/key-values.ts";
import type { HostEvidence } from "./evidence/host.ts";
import type { Fact } from "./fact.ts";

/** By how much a counter grew between the looks; undefined when either does not have it, or it was reset. */
export function growthOf(
  { first, last, windowMs }: HostEvidence,
  key: string,
  counter: string,
): number | undefined {
  if (windowMs === undefined) return undefined;
  const before = parseKeyValues(first.get(key)?.value ?? "").get(counter);
  const after = parseKeyValues(last.get(key)?.value ?? "").get(counter);
  return before === undefined || after === undefined || after < before ? undefined : after - before;
}

/** The line of the last look that begins with `start`, and where it stands. */
export function lineStarting(
  { last }: HostEvidence,
  key: string,
  start: string,
): { readonly line?: string; readonly file: string } {
  const found = last.get(key);
  const line = found?.value.split("\n").find((one) => one.startsWith(start) && one !== "");
  return { ...(line === undefined ? {} : { line }), file: found?.file ?? "evidence/host/summary.json" };
}

/** How much the target's cgroup holds, page cache included, and how much it may. */
export function cgroupMemory({
  last,
}: HostEvidence): Fact<{ readonly usedBytes: number; readonly limitBytes: number }> | undefined {
  const places = [
    { used: "cgroup2-memory.current", limit: "cgroup2-memory.max" },
    { used: "cgroup1-memory.usage_in_bytes", limit: "cgroup1-memory.limit_in_bytes" },
  ];
  for (const { used, limit } of places) {
    const found = last.get(used);
    const digits = /^\d{1,15}(?=\s*$)/.exec(found?.value ?? "")?.[0];
    const limitBytes = parseMemoryLimit(last.get(limit)?.value ?? "");
    if (found !== undefined && digits !== undefined && limitBytes)
      return { value: { usedBytes: Number(digits), limitBytes }, line: digits, file: found.file };
  }
  return undefined;
}

/** The readings of one look at a window that has an end. */
export function windowOf({ windowMs }: HostEvidence): { readonly windowMs?: number } {
  return windowMs === undefined ? {} : { windowMs };
}
