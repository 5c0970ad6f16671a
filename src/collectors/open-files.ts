import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { collectIllumosFiles } from "./open-files/illumos.ts";
import { collectLinuxFiles } from "./open-files/linux.ts";

export default defineCollector({
  name: "open-files",
  tool: "pfiles",
  summary: "What does the process hold open, to whom, and how near is it to its limit of descriptors?",
  platforms: {
    linux: { needs: [], touch: "none" },
    // pfiles stops its target while it looks (proc(1), WARNINGS).
    illumos: { needs: ["pfiles"], touch: "stop" },
  },
  sensitive: ["paths", "addresses"],
  // pfiles asks for each descriptor by system calls that it makes the target run.
  estimate: () => ({ timeMs: 1500, pauseMs: 500, sizeBytes: 2_000_000 }),
  options: z.strictObject({
    /** Descriptors to describe; how many there are is counted in any case. */
    maxFiles: z.int().positive().default(20_000),
  }),

  async collect(context) {
    return context.platform === "linux" ? collectLinuxFiles(context) : collectIllumosFiles(context);
  },
});
