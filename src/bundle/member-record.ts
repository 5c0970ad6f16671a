// What the manifest says of each file of a bundle.
import { z } from "zod";

export const Sensitivity = z.enum(["none", "text", "core"]);
export type Sensitivity = z.infer<typeof Sensitivity>;

const MemberPath = z.string().regex(/^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$/);

export const FileRecord = z.strictObject({
  path: MemberPath,
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  mediaType: z.string(),
  sensitivity: Sensitivity,
  collector: z.string().optional(),
  inZip: z.boolean(),
  unmasked: z
    .literal(true)
    .optional()
    .describe("a binary file that somebody added: kept byte for byte, secrets in it are not masked"),
  encryption: z
    .strictObject({ method: z.literal("age"), recipients: z.array(z.string()) })
    .optional()
    .describe("absent when everybody can read it"),
  plain: z
    .strictObject({
      path: MemberPath,
      bytes: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .optional()
    .describe("of an encrypted file, what it was before it was packed and encrypted"),
});
export type FileRecord = z.infer<typeof FileRecord>;
