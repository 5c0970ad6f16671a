import { z } from "zod";
import { defineCollector } from "./collector.ts";
import { collectIllumosSockets } from "./sockets/illumos.ts";
import { collectLinuxSockets } from "./sockets/linux.ts";

export default defineCollector({
  name: "sockets",
  tool: "netstat",
  summary: "What is the process connected to, what has it not read, and what do its peers not acknowledge?",
  platforms: {
    // The tables of /proc are enough; ss adds what TCP knows of each connection where it is there.
    linux: { needs: [], touch: "none" },
    // Never `netstat -u`: before the kernel kept the owners itself, it grabbed every process that has sockets.
    illumos: { needs: ["netstat"], touch: "none" },
  },
  sensitive: ["addresses", "paths"],
  window: true,
  estimate: (_, windowMs) => ({ timeMs: windowMs + 500, pauseMs: 0, sizeBytes: 1_000_000 }),
  options: z.strictObject({
    /** Descriptors to look through for sockets. */
    maxFiles: z.int().positive().default(20_000),
  }),

  async collect(context) {
    return context.platform === "linux" ? collectLinuxSockets(context) : collectIllumosSockets(context);
  },
});
