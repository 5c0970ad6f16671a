import prettyBytes from "pretty-bytes";
import { lineOf } from "../fact.ts";
import { cgroupMemory } from "../host-looks.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

const NEAR_PERCENT = 90;
/** From this share of the limit on it is the process's own memory, not the page cache, which the kernel gives back. */
const OWN_SHARE = 0.8;

export const cgroupMemoryRule: Rule = {
  id: "cgroup-memory",
  question: "How near is its cgroup to its memory limit?",
  next: "Whose memory is it: this process's, another's in the group, or page cache, which the kernel takes back?",
  judge: ({ host, process }) => {
    const memory = host === undefined ? undefined : cgroupMemory(host);
    if (memory === undefined) return [];
    const { usedBytes, limitBytes } = memory.value;
    const value = tenth((100 * usedBytes) / limitBytes);
    if (value <= NEAR_PERCENT) return [];
    const limit = prettyBytes(limitBytes, { binary: true });
    const own = process?.status?.anonymousBytes;
    const isOwn = own !== undefined && own >= limitBytes * OWN_SHARE;
    const share = isOwn ? `; ${prettyBytes(own, { binary: true })} of it are this process's own` : "";
    return [
      {
        text: `Its cgroup holds ${value}% of the ${limit} of memory it may have, page cache included${share}.`,
        value,
        unit: "percent",
        sureness: isOwn ? "likely" : "hint",
        speaksFor: isOwn ? "restart" : "none",
        ...lineOf(memory),
      },
    ];
  },
};
