// What the whole process holds at one look: whether it grows is seen over time only. What cannot be read is absent: other
// collectors say why.
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { answerTo } from "../attempts.ts";
import type { CollectorContext, Tick } from "../collector.ts";

/** One line of process.jsonl. */
export interface ProcessLook {
  /** UTC, ISO 8601, and the same moment on the runner's clock. */
  readonly at: string;
  readonly monotonicMs: number;
  readonly residentBytes: number | undefined;
  /** Of no file: heap, stacks, and what else is its own. */
  readonly anonymousBytes: number | undefined;
  readonly descriptors: number | undefined;
  readonly threads: number | undefined;
  /** Calls of read(2) and write(2) and their kin since it began; those of recv(2) and send(2) are not among them. */
  readonly reads: number | undefined;
  readonly writes: number | undefined;
}

const STATUS_BYTES = 16_000;
const IO_BYTES = 1000;

export async function lookAtProcess(
  { process }: Pick<CollectorContext<unknown>, "process">,
  { at, monotonicMs }: Tick,
): Promise<ProcessLook> {
  const [text, fds, io] = await Promise.all([
    answerTo(process.read("status", STATUS_BYTES)),
    answerTo(process.list("fd")),
    answerTo(process.read("io", IO_BYTES)),
  ]);
  const calls = (key: string) => {
    const digits =
      "value" in io
        ? new RegExp(`^${key}: (\\d{1,15})$`, "m").exec(io.value.toString("latin1"))?.[1]
        : undefined;
    return digits === undefined ? undefined : Number(digits);
  };
  const status = "value" in text ? parseProcStatus(text.value.toString("latin1")) : undefined;
  return {
    at,
    monotonicMs,
    residentBytes: status?.residentBytes,
    anonymousBytes: status?.anonymousBytes,
    descriptors: "value" in fds ? fds.value.length : undefined,
    threads: status?.threads,
    reads: calls("syscr"),
    writes: calls("syscw"),
  };
}
