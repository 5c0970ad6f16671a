// What a store really did with a bundle, as it was found when it was read back: part of the receipt. What a store does not
// say is absent, and so is what nobody asked for.
import { z } from "zod";

const Count = z.int().nonnegative();

export const StoreConfirmation = z.strictObject({
  readBack: Count.describe("files whose length and digest the store told when it was asked afterwards"),
  conditionalPut: z
    .enum(["verified", "unsupported"])
    .optional()
    .describe("whether the store refused to replace a file when it was tried"),
  versioned: z.literal(true).optional().describe("every file has a version id"),
  encryption: z
    .strictObject({ asked: z.string(), found: z.string().optional(), kmsKeyId: z.string().optional() })
    .optional(),
  retention: z
    .strictObject({
      mode: z.string().optional(),
      until: z.iso.datetime().optional().describe("the earliest of all files"),
      missing: z.string().optional().describe("why some file is not locked"),
    })
    .optional(),
  tagged: z.boolean().optional().describe("whether every file has the tags that it should have"),
  clockOffsetMs: z.number().optional().describe("of the store's clock to this host's, when it is minutes"),
});
export type StoreConfirmation = z.infer<typeof StoreConfirmation>;
