import { z } from "zod";
import { UnsupportedError } from "../errors.ts";
import { defineCollector } from "./collector.ts";
import { takeByGcore } from "./core/illumos.ts";
import { takeByGdb } from "./core/linux.ts";

const Options = z.strictObject({
  method: z
    .enum(["auto", "snapshot", "stop", "gdb", "none"])
    .default("auto")
    .describe("how a core is taken on Linux; illumos has gcore"),
});

// gdb writes every mapping, reservations that were never touched included, so the size goes by VmSize: by RSS it would be
// wrong by a factor of four and more for Node. When even VmSize is unknown, better no core than a full disk.
const UNKNOWN_SIZE_BYTES = 16 * 1024 ** 3;
const WRITE_BYTES_PER_MS = 400_000;
const ATTACH_MS = 300;
/** gdb's own start, before it stops anything, and the check afterwards. */
const BESIDE_MS = 1500;

export default defineCollector({
  name: "core",
  tool: "gcore",
  summary: "What was in the target's memory?",
  platforms: {
    linux: { needs: ["gdb"], touch: "stop" },
    illumos: { needs: ["gcore"], touch: "stop" },
  },
  sensitive: ["core"],
  estimate: ({ virtualBytes }) => {
    const sizeBytes = virtualBytes ?? UNKNOWN_SIZE_BYTES;
    const pauseMs = Math.round(ATTACH_MS + sizeBytes / WRITE_BYTES_PER_MS);
    return { timeMs: pauseMs + BESIDE_MS, pauseMs, sizeBytes };
  },
  options: Options,

  collect: (context) => {
    if (context.options.method === "none") throw new UnsupportedError("no core was asked for (--core none)");
    return context.platform === "illumos" ? takeByGcore(context) : takeByGdb(context);
  },
});
