// What the helper and whoever started it say to each other. The request is the helper's only argument, as JSON; "go", with
// the pids of the programs that the core goes through, and "end" come on its standard input, one a line; events go out on
// descriptor 3, one JSON document a line. The core goes to standard output, or to a file.
import { z } from "zod";

const Count = z.number().nonnegative();

const Estimate = z.strictObject({
  pauseMs: Count,
  timeMs: Count.describe("until the core is complete"),
  coreBytes: Count.describe("uncompressed, without what was never touched"),
});

const Module = z.strictObject({
  path: z.string(),
  buildId: z.string().optional(),
  start: z.string().describe("where it is mapped, in hexadecimal"),
});

const Ready = z.strictObject({
  event: z.literal("ready"),
  modules: z.array(Module).describe("the executable and its libraries"),
  estimate: Estimate,
  areas: Count,
  residentBytes: Count,
});

const Refused = z.strictObject({
  event: z.literal("refused"),
  reason: z.string(),
  hint: z.string().optional(),
  pausedMs: Count.describe("how long the target stood all the same"),
});

const Standing = z.strictObject({
  event: z.literal("standing"),
  pauseMs: Count.describe("from the first thread's stop to the last one's release"),
  stopMs: Count,
  windowMs: Count.optional().describe("how long one thread had registers that were not its own"),
  threads: z.array(z.number().int()),
  survivesRestart: z.boolean().describe("the target may be ended now, and the core will be complete"),
  portsFree: z.boolean().optional(),
  survivesCaller: z
    .boolean()
    .optional()
    .describe("whoever wanted the core may be ended now, with all of its control group"),
  group: z.string().optional().describe("the control group that was made for the copy and its readers"),
  stays: z.string().optional().describe("why not all of it is in a group of its own"),
});

const Complete = z.strictObject({
  event: z.literal("complete"),
  coreBytes: Count,
  headBytes: Count,
  readBytes: Count,
  holeBytes: Count,
  failedBytes: Count,
  pauseMs: Count,
  segments: Count,
  problems: z.array(z.string()),
  remarks: z.array(z.string()).describe("what is different in this core, and no fault of it"),
  streamMs: Count,
  peakResidentBytes: Count,
  reaped: z.boolean().optional(),
});

const Failed = z.strictObject({
  event: z.literal("failed"),
  reason: z.string(),
  pausedMs: Count.optional(),
});

export const HelperEvent = z.discriminatedUnion("event", [Ready, Refused, Standing, Complete, Failed]);
export type HelperEvent = z.infer<typeof HelperEvent>;
export type Estimate = z.infer<typeof Estimate>;
export type Module = z.infer<typeof Module>;
export type StandingEvent = z.infer<typeof Standing>;
export type CompleteEvent = z.infer<typeof Complete>;
