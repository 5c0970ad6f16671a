// What the open-files collector saved: how many descriptors are open, of what type, and how many there may be.
import { z } from "zod";
import { lineMatching, type Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";

export interface DescriptorEvidence {
  readonly open: Fact<number>;
  /** The soft limit: open(2) fails beyond it. */
  readonly limit: Fact<number | "unlimited"> | undefined;
  /** How many of each type, most first: `socket`, `file`, `pipe`. */
  readonly types: ReadonlyMap<string, number>;
  /** Files that are held open and have no name any more. */
  readonly deletedFiles: number | undefined;
}

const Summary = z.object({
  open: z.int().nonnegative(),
  limit: z.union([z.int().nonnegative(), z.literal("unlimited")]).optional(),
  types: z.record(z.string(), z.int().nonnegative()).optional(),
  deletedFiles: z.object({ count: z.int().nonnegative() }).optional(),
});

export async function readDescriptors(files: CollectorFiles): Promise<DescriptorEvidence | undefined> {
  const { json, text, path } = files;
  const [summary, limits] = await Promise.all([json("summary.json", Summary), text("limits.txt")]);
  if (summary === undefined) return undefined;
  const line = lineMatching(limits ?? "", /^Max open files /);
  const limitFile = line === undefined ? path("summary.json") : path("limits.txt");
  return {
    open: { value: summary.open, file: path("summary.json") },
    limit: summary.limit === undefined ? undefined : { value: summary.limit, line, file: limitFile },
    types: new Map(Object.entries(summary.types ?? {})),
    deletedFiles: summary.deletedFiles?.count,
  };
}
