// What --json prints for exhibit report: published under schema/, and its type.
import { z } from "zod";
import { CaptureId } from "../../bundle/manifest.ts";

/** exhibit report --json */
export const ReportResult = z.strictObject({
  captureId: CaptureId,
  bytes: z.int().nonnegative(),
  sha256: z.string(),
  file: z.string().optional().describe("where it was written; absent without --output"),
  content: z.string().optional().describe("the page, without --output"),
});
export type ReportResult = z.infer<typeof ReportResult>;
