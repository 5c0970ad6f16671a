// A core by the helper, as the collector takes it, without a capture around it.
import { HELPER_FLAGS, prepareCore, type CoreRequest } from "../../src/core/core-helper.ts";
import type { CompleteEvent, StandingEvent } from "../../src/core/helper/messages.ts";

/** As it is shipped: from the sources it takes a second to start. */
export const HELPER: readonly [string, ...string[]] = [
  process.execPath,
  ...HELPER_FLAGS,
  new URL("../../dist/core-helper.js", import.meta.url).pathname,
];

export interface TakenCore {
  readonly standing: StandingEvent;
  readonly complete: CompleteEvent;
}

/** Rejects with CoreRefusal when the method refuses. */
export async function takeCore(
  request: Pick<CoreRequest, "pid" | "startTime" | "method" | "path"> & Partial<CoreRequest>,
): Promise<TakenCore> {
  const prepared = await prepareCore({
    maxPauseMs: 5000,
    through: [],
    runId: undefined,
    program: HELPER,
    ...request,
  });
  const { standing, finished } = await prepared.take();
  return { standing, complete: await finished };
}
