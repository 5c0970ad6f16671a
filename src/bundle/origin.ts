// Where the time of a capture begins: with the command, which is before its bundle does. Every axis counts from there.
import type { Manifest } from "./manifest.ts";

/** Milliseconds since 1970 of the moment that collectors' monotonic times count from. */
export function originMs({ collectors, startedAt }: Pick<Manifest, "collectors" | "startedAt">): number {
  for (const { startedAt: at, startedMonotonicMs: elapsed } of collectors)
    if (at !== undefined && elapsed !== undefined) return Date.parse(at) - elapsed;
  return Date.parse(startedAt);
}
