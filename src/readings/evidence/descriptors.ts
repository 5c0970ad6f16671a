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
  const summary = await json("summary.json", Summary);
  if (summary === undefined) return undefined;
  // The second is what pfiles prints on illumos, and what we print in its manner elsewhere.
  const places = [
    { name: "limits.txt", pattern: /^Max open files / },
    { name: "pfiles.txt", pattern: /^\s*Current rlimit: / },
  ];
  let limitAt: Omit<Fact<unknown>, "value"> = { file: path("summary.json") };
  for (const { name, pattern } of places) {
    const line = lineMatching((await text(name)) ?? "", pattern);
    if (line === undefined) continue;
    limitAt = { line, file: path(name) };
    break;
  }
  return {
    open: { value: summary.open, file: path("summary.json") },
    limit: summary.limit === undefined ? undefined : { value: summary.limit, ...limitAt },
    types: new Map(Object.entries(summary.types ?? {})),
    deletedFiles: summary.deletedFiles?.count,
  };
}
