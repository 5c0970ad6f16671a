import prettyBytes from "pretty-bytes";
import { printable } from "../../printable.ts";
import type { Reading } from "../collector.ts";
import { executableOf, type ProcessFacts } from "./facts.ts";

/** Some memory of a service that idles is swapped out on many hosts; from this share on it is worth a sentence. */
const SWAPPED_SHARE = 0.1;

/** What of the facts is out of the ordinary: memory that is swapped out, the state, the executable. */
export function readProcess(facts: ProcessFacts): readonly Reading[] {
  return [memory(facts), state(facts), executable(facts)].flatMap((reading) => reading ?? []);
}

function memory({ status }: ProcessFacts): Reading | undefined {
  const { residentBytes, swapBytes } = status;
  if (residentBytes === undefined || !swapBytes) return undefined;
  if (swapBytes < SWAPPED_SHARE * (residentBytes + swapBytes)) return undefined;
  const [resident, swapped] = [residentBytes, swapBytes].map((bytes) => prettyBytes(bytes, { binary: true }));
  return {
    id: "resident-memory",
    text: `The process has ${resident} resident in memory and ${swapped} swapped out.`,
    value: residentBytes,
    unit: "bytes",
    method: "proc",
    ...lineOf(status.lines.get("VmRSS")),
    file: "status.txt",
  };
}

function state({ status, texts }: ProcessFacts): Reading | undefined {
  const wchan = texts.get("wchan")?.trim();
  const where = wchan === undefined || wchan === "0" || wchan === "" ? "" : `, in ${printable(wchan)}`;
  const tracer = status.tracerPid ? ` by process ${status.tracerPid}` : "";
  const sentences: Readonly<Record<string, string>> = {
    D: `The main thread is in uninterruptible sleep (D)${where}.`,
    T: "The process is stopped by a signal (T).",
    t: `The process is stopped by a tracer (t)${tracer}.`,
    Z: "The process has ended and waits for its parent to take notice (Z).",
  };
  const text = sentences[status.state ?? ""];
  if (text === undefined) return undefined;
  return {
    id: "process-state",
    text,
    value: 1,
    unit: "count",
    ...lineOf(status.lines.get("State")),
    file: "status.txt",
  };
}

function executable({ links }: ProcessFacts): Reading | undefined {
  const found = executableOf(links);
  if (!found?.isDeleted) return undefined;
  return {
    id: "executable-deleted",
    text: `The process runs an executable that has been removed or replaced since it was started: ${printable(found.path)}.`,
    value: 1,
    unit: "count",
    line: `exe -> ${links.get("exe") ?? ""}`,
    file: "links.txt",
  };
}

function lineOf(line: string | undefined): { readonly line?: string } {
  return line === undefined ? {} : { line };
}
