import { z } from "zod";
import { UnsupportedError } from "../errors.ts";
import { defineCollector } from "./collector.ts";
import { takeByGcore } from "./core/illumos.ts";
import { estimateCore } from "./core/estimate.ts";
import { takeOnLinux } from "./core/linux.ts";

const Options = z.strictObject({
  method: z
    .enum(["auto", "snapshot", "stop", "gdb", "none"])
    .default("auto")
    .describe("how a core is taken on Linux; illumos has gcore"),
});

export default defineCollector({
  name: "core",
  tool: "gcore",
  summary: "What was in the target's memory?",
  platforms: {
    linux: { needs: ["gdb"], touch: "stop" },
    illumos: { needs: ["gcore"], touch: "stop" },
  },
  sensitive: ["core"],
  estimate: (target, _, { platform, options }) => {
    const asked = Options.safeParse(options).data?.method ?? "auto";
    return estimateCore(target, platform === "illumos" ? "gdb" : asked);
  },
  options: Options,

  collect: (context) => {
    if (context.options.method === "none") throw new UnsupportedError("no core was asked for (--core none)");
    return context.platform === "illumos" ? takeByGcore(context) : takeOnLinux(context);
  },
});
