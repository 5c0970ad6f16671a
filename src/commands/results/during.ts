// What --json prints for run and add: published under schema/, and the types of their results. What is unknown is absent,
// never zero.
import { z } from "zod";
import { Outcome } from "../../bundle/after-seal.ts";
import { AddedFile } from "../../bundle/manifest.ts";
import { OneCapture } from "./captures.ts";

/** exhibit run --json */
export const RunResult = z.strictObject({
  capture: OneCapture.describe("the bundle with the output"),
  command: Outcome.omit({ schemaVersion: true, captureId: true, targetGone: true }).describe(
    "what became of COMMAND",
  ),
});
export type RunResult = z.infer<typeof RunResult>;

/** exhibit add --json */
export const AddResult = z.strictObject({
  capture: OneCapture.describe("the bundle with the files"),
  files: z.array(AddedFile),
});
export type AddResult = z.infer<typeof AddResult>;
