// A mark on disk for every inspector that we ask a process to open, written before the signal and removed when the port is
// seen closed. What is left of a run that was killed in between tells the next one what to close.
import { readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, writeFileDurable } from "../host/files.ts";

const Mark = z.strictObject({
  pid: z.int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  /** Where the inspector was expected, and where it then was. */
  port: z.int().nonnegative(),
  /** Who asked for it. */
  agent: z.strictObject({ pid: z.int().positive(), startTime: z.string() }),
});
export type Mark = z.infer<typeof Mark>;

const NAME = /^inspector-\d+-\d+\.json$/;

export function markPath(folder: string, { pid, startTime }: Pick<Mark, "pid" | "startTime">): string {
  return join(folder, `inspector-${pid}-${startTime}.json`);
}

export async function writeMark(folder: string, mark: Mark): Promise<void> {
  await makeFolder(folder);
  await writeFileDurable(markPath(folder, mark), JSON.stringify(mark));
}

export async function removeMark(folder: string, mark: Pick<Mark, "pid" | "startTime">): Promise<void> {
  await unlink(markPath(folder, mark)).catch(() => undefined);
}

/** All marks; files that are none are left alone. */
export async function readMarks(folder: string): Promise<readonly Mark[]> {
  const names = await readdir(folder).catch(() => []);
  const marks = names.filter((name) => NAME.test(name)).map((name) => readMark(join(folder, name)));
  return (await Promise.all(marks)).filter((mark) => mark !== undefined);
}

/** Undefined when there is none. */
export async function readMark(path: string): Promise<Mark | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  return Mark.safeParse(parseJson(text)).data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
