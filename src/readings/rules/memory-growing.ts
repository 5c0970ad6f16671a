import prettyBytes from "pretty-bytes";
import { parseMeminfo } from "../../parsers/meminfo.ts";
import type { Evidence } from "../evidence.ts";
import { growthOf, reachesAfterMs } from "../growth.ts";
import { cgroupMemory } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { about, seconds } from "../wording.ts";

const SOON_MS = 3_600_000;
/** What a process gets while it warms up is no leak. */
const LEAST_BYTES = 16 * 1024 ** 2;
const LEAST_SHARE = 0.03;

export const memoryGrowing: Rule = {
  id: "memory-growing",
  question: "Does its memory grow without end?",
  next: "What is it that grows: the heap of the runtime, or native memory? A restart gives it back; what leaks is in the core.",
  judge: (evidence) => {
    const growth = growthOf(evidence.usage, "anonymousBytes");
    const limit = limitOf(evidence);
    if (growth === undefined || limit === undefined) return [];
    if (growth.change < LEAST_BYTES || growth.change < growth.first * LEAST_SHARE) return [];
    const afterMs = reachesAfterMs(growth, limit.bytes);
    if (afterMs > SOON_MS) return [];
    const [from, to, most] = [growth.first, growth.last, limit.bytes].map((bytes) =>
      prettyBytes(bytes, { binary: true }),
    );
    const when = `at that rate it has ${limit.what} (${most}) in about ${about(afterMs)}`;
    return [
      {
        text: `Its own memory grew from ${from} to ${to} in ${seconds(growth.windowMs)}; ${when}.`,
        value: growth.change,
        unit: "bytes",
        windowMs: growth.windowMs,
        sureness: "likely",
        speaksFor: "restart",
        line: growth.line,
        file: evidence.usage?.file ?? "",
      },
    ];
  },
};

/** What it can hold in all before somebody ends it: the limit of its cgroup, or what the host has left. */
function limitOf({ host, usage }: Evidence): { readonly bytes: number; readonly what: string } | undefined {
  const group = host === undefined ? undefined : cgroupMemory(host)?.value.limitBytes;
  const available = parseMeminfo(host?.last.get("meminfo")?.value ?? "").get("MemAvailable");
  const own = usage?.looks.at(-1)?.anonymousBytes;
  const left = available === undefined || own === undefined ? undefined : available + own;
  if (group !== undefined && (left === undefined || group <= left))
    return { bytes: group, what: "all that its cgroup may" };
  return left === undefined ? undefined : { bytes: left, what: "all that this host has left" };
}
