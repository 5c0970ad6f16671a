import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { collectIllumosProcess } from "./process/illumos.ts";
import { collectLinuxProcess } from "./process/linux.ts";

export default defineCollector({
  name: "process",
  tool: "ptree",
  summary: "What is the process, what started it, and what holds it back: state, memory, limits, arguments?",
  platforms: {
    linux: { needs: [], touch: "none" },
    // plimit is not among them: it stops its target to run getrlimit(2) in it (plimit.c), which ptree and pargs do not.
    illumos: { needs: ["ptree", "pargs", "ps", "zonename"], touch: "none" },
  },
  sensitive: ["arguments", "paths", "environment-names"],
  estimate: () => ({ timeMs: 500, pauseMs: 0, sizeBytes: 500_000 }),
  options: z.strictObject({
    /** Processes of the host to look at for the tree. */
    maxProcesses: z.int().positive().default(5000),
    /** Descendants of the target to show in it. */
    maxDescendants: z.int().positive().default(500),
  }),

  async collect(context) {
    return context.platform === "linux" ? collectLinuxProcess(context) : collectIllumosProcess(context);
  },
});
