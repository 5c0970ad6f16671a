// What two looks at one service say side by side, as a manifest holds it.
import { z } from "zod";

const Ids = z.array(z.string());

export const ComparisonRecord = z.strictObject({
  with: z.string().describe("id of the earlier bundle"),
  verdict: z
    .enum(["fixed", "not-fixed", "worse", "unknown"])
    .describe("unknown: cannot tell, and text says why"),
  text: z.string(),
  vitals: z.array(
    z.strictObject({
      id: z.string(),
      label: z.string(),
      unit: z.string().describe("percent, count, bytes, ms"),
      before: z.number().optional().describe("absent: not known"),
      after: z.number().optional(),
    }),
  ),
  gone: Ids.describe("ids of readings that stood out before and do no more"),
  stayed: Ids,
  appeared: Ids,
  unseen: Ids.describe("what stood out before, and could not be seen the second time"),
});
export type ComparisonRecord = z.infer<typeof ComparisonRecord>;
