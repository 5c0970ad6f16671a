// What can be chosen about looking inside a runtime.
import { z } from "zod";

export const RuntimeOptions = z.strictObject({
  inspector: z
    .enum(["auto", "peek", "never"])
    .default("auto")
    .describe(
      "whether a Node process may be asked, by SIGUSR1, to open its inspector where nothing speaks against it; peek closes it during the window, and tells no more than 5000 requests one by one",
    ),
  cpuProfile: z
    .boolean()
    .default(false)
    .describe("takes a CPU profile of a Node process too; its start stops it for about 1 ms per MB of heap"),
});
export type RuntimeOptions = z.output<typeof RuntimeOptions>;
