// What the open-files collector saved: how many descriptors are open, of what type, and how many there may be.
import { z } from "zod";
import { lineMatching, type Fact } from "../fact.ts";
import type { CollectorFiles } from "./files.ts";

export interface Filesystem {
  readonly type: string;
  /** A file on it that is open for writing, or what it is to the process. */
  readonly what: string;
  /** A file on it is open for writing. */
  readonly isWritten: boolean;
  readonly sizeBytes: number;
  /** For root, and for everybody else. */
  readonly freeBytes: number;
  readonly availableBytes: number;
  /** 0 where their number is not fixed. */
  readonly inodes: number;
  readonly freeInodes: number;
}

export interface DescriptorEvidence {
  readonly open: Fact<number>;
  /** The soft limit: open(2) fails beyond it. */
  readonly limit: Fact<number | "unlimited"> | undefined;
  /** How many of each type, most first: `socket`, `file`, `pipe`. */
  readonly types: ReadonlyMap<string, number>;
  /** The file systems that it writes to, works in, or has as its root. */
  readonly filesystems: readonly Fact<Filesystem>[];
  /** Files that are held open and have no name any more. */
  readonly deletedFiles: number | undefined;
}

const Summary = z.object({
  open: z.int().nonnegative(),
  limit: z.union([z.int().nonnegative(), z.literal("unlimited")]).optional(),
  types: z.record(z.string(), z.int().nonnegative()).optional(),
  deletedFiles: z.object({ count: z.int().nonnegative() }).optional(),
});

const Size = z.number().nonnegative();
const Filesystems = z.object({
  filesystems: z.array(
    z.object({
      type: z.string(),
      path: z.string(),
      what: z.string(),
      isWritten: z.boolean(),
      sizeBytes: Size,
      freeBytes: Size,
      availableBytes: Size,
      inodes: Size,
      freeInodes: Size,
    }),
  ),
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
    filesystems: await readFilesystems(files),
    types: new Map(Object.entries(summary.types ?? {})),
    deletedFiles: summary.deletedFiles?.count,
  };
}

async function readFilesystems({ json, text, path }: CollectorFiles): Promise<readonly Fact<Filesystem>[]> {
  const found = await json("filesystems.json", Filesystems);
  if (found === undefined) return [];
  const lines = (await text("filesystems.txt"))?.split("\n") ?? [];
  return found.filesystems.map(({ path: asked, ...value }) => ({
    value,
    line: lines.find((line) => line.endsWith(` ${asked}`)),
    file: path("filesystems.txt"),
  }));
}
