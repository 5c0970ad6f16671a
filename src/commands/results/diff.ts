// What --json prints for exhibit diff: published under schema/, and its type.
import { z } from "zod";
import { ComparisonRecord } from "../../bundle/comparison-record.ts";
import { CaptureId } from "../../bundle/manifest.ts";

const Side = z.strictObject({
  captureId: CaptureId,
  startedAt: z.string(),
  host: z.string(),
  target: z.string(),
  pid: z.int(),
});
const Told = z.array(z.strictObject({ id: z.string(), text: z.string() }));

/** exhibit diff --json */
export const DiffResult = z.strictObject({
  a: Side,
  b: Side,
  differs: z.boolean().describe("whether anything differs that matters"),
  vitals: ComparisonRecord.shape.vitals.describe("before is of A, after of B"),
  moved: z.array(z.string()).describe("ids of the vitals that differ by more than noise"),
  differences: z.array(z.strictObject({ what: z.string(), a: z.string(), b: z.string() })),
  readings: z.strictObject({
    onlyA: Told,
    onlyB: Told,
    both: Told.describe("with the words of B"),
    unseen: Told.describe("of A, where B has no evidence that could tell"),
  }),
});
export type DiffResult = z.infer<typeof DiffResult>;
