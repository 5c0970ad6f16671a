import prettyBytes from "pretty-bytes";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";

/** Some memory of a service that idles is swapped out on many hosts; from this share on it is worth a sentence. */
const SWAPPED_SHARE = 0.1;

export const residentMemory: Rule = {
  id: "resident-memory",
  question: "Is much of its memory swapped out?",
  next: "What else on this host needs memory? Each page that it touches must come back from the disk first.",
  judge: ({ process }) => {
    const { residentBytes: resident, swapBytes: swapped } = process ?? {};
    if (resident === undefined || !swapped?.value) return [];
    if (swapped.value < SWAPPED_SHARE * (resident.value + swapped.value)) return [];
    const [here, away] = [resident, swapped].map(({ value }) => prettyBytes(value, { binary: true }));
    return [
      {
        text: `The process has ${here} resident in memory and ${away} swapped out.`,
        value: resident.value,
        unit: "bytes",
        method: "proc",
        sureness: "certain",
        speaksFor: "none",
        ...lineOf(resident),
      },
    ];
  },
};
