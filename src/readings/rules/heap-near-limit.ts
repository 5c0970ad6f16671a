import prettyBytes from "pretty-bytes";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

const NEAR_PERCENT = 85;

export const heapNearLimit: Rule = {
  id: "heap-near-limit",
  question: "How near is the heap to its limit?",
  next: "What fills it? A restart empties it for a while; the core or a heap snapshot shows what was kept.",
  judge: ({ runtime }) => {
    const heap = runtime?.heap;
    if (runtime === undefined || heap === undefined) return [];
    const { usedBytes, limitBytes } = heap.value;
    const value = tenth((100 * usedBytes) / limitBytes);
    if (value < NEAR_PERCENT) return [];
    const [used, limit] = [usedBytes, limitBytes].map((bytes) => prettyBytes(bytes, { binary: true }));
    return [
      {
        text: `The heap holds ${used} of the ${limit} that it may (${value}%).`,
        value,
        unit: "percent",
        method: runtime.method,
        sureness: "likely",
        speaksFor: "restart",
        ...lineOf(heap),
      },
    ];
  },
};
