import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { runPrstat } from "./threads/illumos.ts";
import { sampleThreads } from "./threads/linux.ts";

const Options = z.strictObject({
  periodMs: z
    .int()
    .min(100)
    .max(60_000)
    .default(1000)
    .describe("between two looks; illumos always takes whole seconds"),
  maxThreads: z
    .int()
    .min(1)
    .max(10_000)
    .default(500)
    .describe("how many threads are read at each look, at most"),
  waitPercent: z
    .number()
    .min(0)
    .max(100)
    .default(20)
    .describe("from here on, waiting for a CPU is worth a reading"),
});

export default defineCollector({
  name: "threads",
  tool: "prstat",
  summary: "Which threads are on a CPU, which wait for one, and which are stuck in the kernel?",
  platforms: {
    linux: { needs: [], touch: "none" },
    illumos: { needs: ["prstat"], touch: "none" },
  },
  sensitive: [],
  window: true,
  estimate: ({ threads }, windowMs) => {
    const lines = Math.min(threads ?? 100, 500) * (windowMs / 1000 + 1);
    return { timeMs: windowMs + 500, pauseMs: 0, sizeBytes: Math.round(lines * 700) };
  },
  options: Options,

  collect: (context) => (context.platform === "illumos" ? runPrstat(context) : sampleThreads(context)),
});
