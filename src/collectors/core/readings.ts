import prettyBytes from "pretty-bytes";
import type { Reading } from "../collector.ts";

/** A core that passed every check. */
export function coreReading(
  sizeBytes: number,
  how: {
    readonly method: string;
    readonly threads: number | undefined;
    /** What is different in it, and no fault. */
    readonly remarks?: readonly string[];
  },
): Reading {
  const threads =
    how.threads === undefined ? "" : ` with ${how.threads} ${how.threads === 1 ? "thread" : "threads"}`;
  const remarks = (how.remarks ?? []).map((remark) => `; ${remark}`).join("");
  return {
    id: "core-size",
    text: `A core of ${prettyBytes(sizeBytes)}${threads} was taken by ${how.method} and checked${remarks}.`,
    value: sizeBytes,
    unit: "bytes",
    method: how.method,
    file: "core.json",
  };
}
