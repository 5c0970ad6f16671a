import { defineCollector } from "./collector.ts";
import { traceGarbageCollections } from "./runtime/gc-trace.ts";
import { lookInside } from "./runtime/linux.ts";
import { RuntimeOptions } from "./runtime/options.ts";

export default defineCollector({
  name: "runtime",
  tool: "nhttpsnoop",
  summary: "What does the runtime do: requests, garbage collection, event loop?",
  platforms: {
    linux: { needs: [], touch: "inside" },
    illumos: { needs: ["dtrace", "nhttpsnoop"], touch: "inside" },
  },
  sensitive: [],
  window: true,
  // dtrace takes seconds to compile its script and to end; an inspector up to a second.
  estimate: (_target, windowMs) => ({ timeMs: windowMs + 3000, pauseMs: 0, sizeBytes: 8 * 1024 ** 2 }),
  options: RuntimeOptions,

  collect: (context) =>
    context.platform === "linux" ? lookInside(context) : traceGarbageCollections(context),
});
