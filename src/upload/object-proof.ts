// What a store held of one object when it was read back, not what it accepted. What is unknown is absent.
import { z } from "zod";

export const ObjectProof = z.strictObject({
  etag: z.string().optional(),
  versionId: z.string().optional(),
  /** A multipart object's ETag is made of those of our parts, and no others. */
  assembled: z.literal(true).optional(),
  /** Whether the store refused to replace an object when it was tried. */
  conditionalPut: z.enum(["verified", "unsupported"]).optional(),
  /** Only when it was asked for. `found` is what the store says; absent when it does not say. */
  encryption: z
    .strictObject({ asked: z.string(), found: z.string().optional(), kmsKeyId: z.string().optional() })
    .optional(),
  /** Only when it was asked for; `missing` is why there is none. */
  retention: z
    .union([
      z.strictObject({ mode: z.string(), until: z.iso.datetime() }),
      z.strictObject({ missing: z.string() }),
    ])
    .optional(),
  /** Only when it should have any. */
  tagged: z.boolean().optional(),
  /** Of the store's clock to this host's, when it is minutes. */
  clockOffsetMs: z.number().optional(),
});
export type ObjectProof = z.infer<typeof ObjectProof>;

/** Why the object is not held as the settings ask; undefined when it is, or they do not ask. */
export function lackOf(proof: ObjectProof | undefined): string | undefined {
  return proof?.retention && "missing" in proof.retention ? proof.retention.missing : undefined;
}
