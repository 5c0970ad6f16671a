import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { traceGarbageCollections } from "./runtime/gc-trace.ts";
import { describeRuntime } from "./runtime/threads.ts";

export default defineCollector({
  name: "runtime",
  tool: "nhttpsnoop",
  summary: "How much of the time does the runtime collect garbage?",
  platforms: {
    // Only /proc is read here; USDT probes put a trap into the target's code while they are enabled.
    linux: { needs: [], touch: "none" },
    illumos: { needs: ["dtrace", "nhttpsnoop"], touch: "inside" },
  },
  sensitive: [],
  window: true,
  // dtrace takes seconds to compile its script and to end.
  estimate: (_target, windowMs) => ({ timeMs: windowMs + 3000, pauseMs: 0, sizeBytes: 256 * 1024 }),
  options: z.strictObject({}),

  collect: (context) =>
    context.platform === "linux" ? describeRuntime(context) : traceGarbageCollections(context),
});
