import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { runPstack } from "./stacks/illumos.ts";
import { sampleStacks } from "./stacks/linux.ts";
import { SAMPLES } from "./stacks/samples.ts";

// eu-stack stops one thread after the other, each for less than a millisecond, after 0.3 s of loading symbols while the
// target runs; on a loaded host ten times that was measured.
const PAUSE_MS = 30;
const PAUSE_MS_A_THREAD = 0.2;
const LOAD_MS = 700;
const BYTES_A_THREAD = 1500;

export default defineCollector({
  name: "stacks",
  tool: "pstack",
  summary: "Where in its code is each thread?",
  platforms: {
    linux: { needs: ["eu-stack"], touch: "brief" },
    illumos: { needs: ["pstack"], touch: "brief" },
  },
  sensitive: [],
  estimate: ({ threads = 100 }) => ({
    timeMs: SAMPLES * (LOAD_MS + threads) + (SAMPLES - 1) * 1000,
    pauseMs: Math.round(SAMPLES * (PAUSE_MS + PAUSE_MS_A_THREAD * threads)),
    sizeBytes: SAMPLES * threads * BYTES_A_THREAD,
  }),
  options: z.strictObject({
    spacingMs: z.int().min(50).max(60_000).default(1000).describe("between two samples"),
    maxThreads: z
      .int()
      .min(1)
      .max(10_000)
      .default(500)
      .describe("how many threads' kernel stacks are read, at most"),
  }),

  collect: (context) => (context.platform === "illumos" ? runPstack(context) : sampleStacks(context)),
});
