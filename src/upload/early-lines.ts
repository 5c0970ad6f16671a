// What a capture and its early upload tell each other, a line of JSON each. Paths are those of members, below the bundle's
// folder.
import { z } from "zod";
import { S3Store } from "../settings.ts";

const Path = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/);

/** From the capture. */
export const Order = z.discriminatedUnion("kind", [
  /** The first line. */
  z.strictObject({
    kind: z.literal("open"),
    spool: z.string(),
    captureId: z.string(),
    store: z.strictObject({ name: z.string(), settings: S3Store }),
  }),
  /** A file that its collector has done with: mask it, then send it. */
  z.strictObject({ kind: z.literal("member"), path: Path }),
  /** A packed core whose file grows from now on. */
  z.strictObject({ kind: z.literal("growing"), path: Path }),
  /** It is whole; `bytes` and `sha256` are those of the file. */
  z.strictObject({
    kind: z.literal("grown"),
    path: Path,
    bytes: z.int().nonnegative(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  /** It will never be whole. */
  z.strictObject({ kind: z.literal("given-up"), path: Path }),
  /** The seal begins: change no file any more. Answered by `quiet`. */
  z.strictObject({ kind: z.literal("quiet") }),
  /** Nothing more comes: send what is left, then end. */
  z.strictObject({ kind: z.literal("end") }),
]);
export type Order = z.infer<typeof Order>;

/** From the early upload. */
export const Word = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("quiet") }),
  /** The store holds a member. */
  z.strictObject({ kind: z.literal("sent"), path: z.string(), bytes: z.number() }),
  /** The store does not take what it is given now. */
  z.strictObject({ kind: z.literal("refused"), reason: z.string() }),
]);
export type Word = z.infer<typeof Word>;

/** A line as what it says; undefined for what nobody of ours wrote. */
export function parseLine<Schema extends z.ZodType>(
  schema: Schema,
  line: string,
): z.infer<Schema> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
