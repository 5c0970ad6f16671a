// A CPU profile of the main thread, by the Profiler domain of the DevTools protocol.
import { z } from "zod";
import type { Inspection } from "../collectors/inspection.ts";
import type { Devtools } from "./devtools.ts";

const INTERVAL_US = 1000;
const LIMIT_MS = 30_000;

type Ask = <T>(question: () => Promise<T>) => Promise<T>;

export function profiler({ send }: Devtools, ask: Ask): Inspection["profile"] {
  return {
    // Its start stops the target for about a millisecond per megabyte of heap.
    start: () =>
      ask(async () => {
        await send("Profiler.enable", {});
        await send("Profiler.setSamplingInterval", { interval: INTERVAL_US });
        await send("Profiler.start", {}, LIMIT_MS);
      }),
    stop: () =>
      ask(async () => {
        const { profile } = z
          .object({ profile: z.unknown() })
          .parse(await send("Profiler.stop", {}, LIMIT_MS));
        await send("Profiler.disable", {});
        return profile;
      }),
  };
}
