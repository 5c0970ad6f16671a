import { z } from "zod";
import { ExhibitError, UnsupportedError } from "../errors.ts";
import { defineCollector, type CollectorContext, type Reading } from "./collector.ts";
import { crowdingOf, priceOf, reasonAgainst, tellPrice } from "./heap-snapshot/price.ts";

const FILE = "heap.heapsnapshot";
const FACTS = "heap-snapshot.json";

const Options = z.strictObject({
  acceptPauseMs: z
    .int()
    .positive()
    .optional()
    .describe(
      "takes it when it is expected to stop the process for no longer than this; without it the price is told",
    ),
});

export default defineCollector({
  name: "heap-snapshot",
  tool: "heapdump",
  summary: "Which objects fill the heap of a Node process?",
  platforms: { linux: { needs: [], touch: "stop" } },
  sensitive: ["core"],
  // Its heap is no larger than what it has resident; asked inside, it is told exactly.
  estimate: ({ residentBytes = 0 }, _, { options }) => {
    const accepted = Options.safeParse(options).data?.acceptPauseMs ?? 0;
    const { pauseMs, timeMs, sizeBytes } = priceOf(residentBytes);
    const expected = Math.min(pauseMs, accepted);
    return { pauseMs: expected, timeMs: timeMs - pauseMs + expected, sizeBytes };
  },
  options: Options,
  collect: takeSnapshot,
});

/** Throws an ExhibitError with its price when that is not accepted or does not fit what is left. */
async function takeSnapshot(
  context: CollectorContext<z.output<typeof Options>>,
): Promise<readonly Reading[]> {
  const { target, options, left, hold, stream, method, saveJson } = context;
  if (target.runtime.name !== "node") throw new UnsupportedError("only Node processes have one");
  const answer = await context.inspect();
  if ("refused" in answer) throw new UnsupportedError(answer.refused);
  if ("silentMs" in answer)
    throw new UnsupportedError(`its main thread gave no answer for ${answer.silentMs} ms`);
  const { heap } = answer.inspection;
  const usedBytes = await heap.usedBytes();
  const price = priceOf(usedBytes, await crowding(context));
  const against = reasonAgainst(price, await left(), options.acceptPauseMs);
  if (against !== undefined) throw new ExhibitError(`not taken: ${tellPrice(usedBytes, price)}; ${against}`);

  method("inspector");
  const write = await stream(FILE, "core");
  const pausedMs = await hold(async (signal) => {
    const paused = await heap.snapshot(write, signal);
    return { value: paused, pausedMs: paused };
  });
  await saveJson(FACTS, { file: FILE, usedBytes, expectedPauseMs: price.pauseMs, pausedMs });
  return [
    {
      id: "heap-snapshot",
      text: `A snapshot of a heap of ${Math.round(usedBytes / 1024 ** 2)} MiB stopped it for ${(pausedMs / 1000).toFixed(1)} s; Chrome's DevTools open it (Memory, Load).`,
      value: usedBytes,
      unit: "bytes",
      method: "inspector",
      file: FACTS,
    },
  ];
}

async function crowding({ host }: CollectorContext<unknown>): Promise<number> {
  const textOf = (path: string) => host.read(path).then(String, () => "");
  return crowdingOf(await textOf("/proc/loadavg"), await textOf("/proc/stat"));
}
