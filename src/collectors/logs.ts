import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { saveServiceLog } from "./logs/illumos.ts";
import { saveLinuxLogs } from "./logs/linux.ts";

// What log lines say is the customers' own: they are saved and never made into readings.
export default defineCollector({
  name: "logs",
  tool: "journalctl",
  summary: "What did the service log last?",
  platforms: {
    linux: { needs: [], touch: "none" },
    illumos: { needs: ["svcs", "tail"], touch: "none" },
  },
  sensitive: ["logs", "paths"],
  estimate: () => ({ timeMs: 1500, pauseMs: 0, sizeBytes: 1024 * 1024 }),
  options: z.strictObject({
    /** Of the journal, or of the service's log on illumos. */
    lines: z.int().min(1).max(100_000).default(2000),
    sinceMinutes: z.int().min(1).max(1440).default(15),
    /** Of the end of each file. */
    tailBytes: z
      .int()
      .min(1024)
      .max(8 * 1024 ** 2)
      .default(256 * 1024),
    maxFiles: z.int().min(0).max(100).default(20),
  }),

  async collect(context) {
    await (context.platform === "linux" ? saveLinuxLogs(context) : saveServiceLog(context));
    return [];
  },
});
