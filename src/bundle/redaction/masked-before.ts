// What was masked before the seal, beside the bundle: one line a file, durable before the file itself changes. The seal
// masks again and finds nothing there; without these lines the manifest would not tell what is hidden.
import { constants } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { z } from "zod";
import { errnoOf } from "../../errors.ts";
import { writeAll } from "../../host/files.ts";
import type { Redaction } from "../manifest.ts";

const Line = z.strictObject({ file: z.string(), counts: z.record(z.string(), z.number()) });

/** Notes that `file`, a path in the bundle, is about to be masked: how often each rule hides something. Durable. */
export async function noteMasked(
  path: string,
  file: string,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const handle = await open(path, flags, 0o600);
  try {
    // A line that a kill has cut is ended first.
    await writeAll(
      handle,
      Buffer.from(`\n${JSON.stringify({ file, counts: Object.fromEntries(counts) })}\n`),
    );
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the notes say; a line that is cut or damaged is left out. */
async function readMasked(path: string): Promise<readonly Redaction[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return "";
    throw error;
  });
  return text.split("\n").flatMap((line) => {
    const parsed = Line.safeParse(parseJson(line));
    if (!parsed.success) return [];
    const { file, counts } = parsed.data;
    return Object.entries(counts).map(([rule, count]) => ({ file, rule, count }));
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * The redactions of a seal together with those of before. A kill between the note and the change makes both see the same
 * secrets, so the larger count of a file and rule is the right one, not the sum.
 */
export async function withMaskedBefore(
  path: string,
  redactions: readonly Redaction[],
): Promise<readonly Redaction[]> {
  const all = new Map<string, Redaction>();
  for (const one of [...(await readMasked(path)), ...redactions]) {
    const name = `${one.file}\0${one.rule}`;
    const count = Math.max(one.count, all.get(name)?.count ?? 0);
    all.set(name, { ...one, count });
  }
  return [...all.values()].toSorted((one, other) => (one.file < other.file ? -1 : 1));
}
