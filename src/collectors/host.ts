import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { sampleIllumosHost } from "./host/illumos.ts";
import { sampleLinuxHost } from "./host/linux.ts";

export default defineCollector({
  name: "host",
  tool: "vmstat",
  summary: "Is the machine, or the target's cgroup, short of CPU, memory or disk?",
  platforms: {
    linux: { needs: [], touch: "none" },
    illumos: { needs: ["mpstat"], touch: "none" },
  },
  sensitive: [],
  window: true,
  estimate: (_target, windowMs) => ({ timeMs: windowMs, pauseMs: 0, sizeBytes: 64 * 1024 + windowMs * 8 }),
  options: z.strictObject({ periodMs: z.int().min(100).max(60_000).default(1000) }),

  collect: (context) =>
    context.platform === "linux" ? sampleLinuxHost(context) : sampleIllumosHost(context),
});
