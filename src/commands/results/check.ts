// What --json prints for exhibit check: published under schema/, and its type.
import { z } from "zod";
import { CollectorRecord, ReadingRecord } from "../../bundle/manifest.ts";

/** exhibit check --json */
export const CheckResult = z.strictObject({
  checks: z.array(
    z.strictObject({
      target: z.strictObject({
        pid: z.int(),
        command: z.string(),
        service: z.string().optional(),
        runtime: z.string(),
      }),
      answer: z
        .enum(["restart", "elsewhere", "nothing", "unknown"])
        .describe(
          "restart: something speaks for one; elsewhere: what was found comes from outside of the process; nothing: nothing speaks for one; unknown: what was not seen could have",
        ),
      text: z.string().describe("the answer as a sentence"),
      questions: z.int().describe("how many were asked"),
      readings: z.array(ReadingRecord),
      unseen: z.array(z.string()).describe("without these nothing can be ruled out"),
      collectors: z.array(
        z.strictObject({
          name: z.string(),
          status: CollectorRecord.shape.status,
          reason: z.string().optional(),
        }),
      ),
      windowMs: z.int().describe("how long was looked"),
    }),
  ),
});
export type CheckResult = z.infer<typeof CheckResult>;
