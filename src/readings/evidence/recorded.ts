// What the agent's flight recorder saw of the target before and while it was captured.
import { z } from "zod";
import type { CollectorFiles } from "./files.ts";

/** At one look; a number that could not be read is absent. */
export interface RecordedLook {
  /** UTC. */
  readonly at: string;
  /** Since boot: no clock that is set changes it. */
  readonly upMs: number;
  /** CPU time since it began. */
  readonly cpuMs?: number | undefined;
  readonly residentBytes?: number | undefined;
  readonly threads?: number | undefined;
  readonly descriptors?: number | undefined;
  /** TCP sockets by state; a state without a socket is not named. */
  readonly sockets?: Readonly<Record<string, number>> | undefined;
}

export interface RecordedEvidence {
  /** Oldest first, at least one. */
  readonly looks: readonly RecordedLook[];
}

const Count = z.number().nonnegative().optional();
const Look = z.object({
  kind: z.enum(["process", "deep"]),
  at: z.iso.datetime(),
  upMs: z.number().nonnegative(),
  cpuMs: Count,
  residentBytes: Count,
  threads: Count,
  descriptors: Count,
  sockets: z.record(z.string(), z.number().nonnegative()).optional(),
});

export async function readRecorded({ lines }: CollectorFiles): Promise<RecordedEvidence | undefined> {
  const looks = (await lines("process.jsonl", Look)) ?? [];
  if (looks.length === 0) return undefined;
  return { looks: looks.map(({ value }) => value).toSorted((one, other) => one.upMs - other.upMs) };
}
