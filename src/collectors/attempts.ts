// What a collector wants but can do without: where it cannot be had, the collector says so and goes on, and ends as
// partial. A file that is not there is an answer, not a failure: it depends on the kernel, its settings, and the moment.
// Everything else that goes wrong is the runner's.
import { CommandError, LostError, UnsupportedError, errnoOf } from "../errors.ts";
import type { CollectorContext, CommandOptions, CommandOutput, Files } from "./collector.ts";

type Gap = CollectorContext<unknown>["gap"];

/** What an access to the system gave, or the errno it was refused with. */
export type Answer<Value> = { readonly value: Value } | { readonly errno: string };

/** Waits for one access; anything that is not the system's own error is thrown on. */
export async function answerTo<Value>(access: Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await access };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { errno };
  }
}

/** What `work` reads, or undefined with a gap that names the errno; `quiet` errnos are no gap. */
export async function tryRead<T>(
  gap: Gap,
  work: { readonly what: string; readonly quiet?: readonly string[]; readonly read: () => Promise<T> },
): Promise<T | undefined> {
  const answer = await answerTo(work.read());
  if ("value" in answer) return answer.value;
  if (!work.quiet?.includes(answer.errno)) gap(`${work.what} cannot be read: ${answer.errno}`);
  return undefined;
}

/** What a command prints, or undefined with a gap when it is not there or fails. */
export async function tryRun(
  { run, gap }: Pick<CollectorContext<unknown>, "run" | "gap">,
  argv: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandOutput | undefined> {
  try {
    return await run(argv, options);
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof UnsupportedError)) throw error;
    gap(error.message);
    return undefined;
  }
}

/** What the target says from inside, or undefined with a gap when it has ended. */
export async function tryAsk<T>(gap: Gap, question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof LostError)) throw error;
    gap(error.message);
    return undefined;
  }
}

export interface Copy {
  /** The name in the collector's folder. */
  readonly as: string;
  readonly limitBytes: number;
  /** A kernel may lack it: then its absence is no gap. */
  readonly isOptional?: boolean;
}

/** Copies one file of the target as it is; undefined where it cannot be read. */
export async function copyFile(
  { process, save, gap }: { readonly process: Files } & Pick<CollectorContext<unknown>, "save" | "gap">,
  path: string,
  copy: Copy,
): Promise<Buffer | undefined> {
  const quiet = copy.isOptional ? ["ENOENT"] : [];
  const bytes = await tryRead(gap, { what: path, quiet, read: () => process.read(path, copy.limitBytes) });
  if (bytes === undefined) return undefined;
  if (bytes.length >= copy.limitBytes)
    gap(`${path} is longer than ${copy.limitBytes} bytes: the rest is left out`);
  await save(copy.as, bytes);
  return bytes;
}

/** Runs `work` on every item, a few at a time, results in order. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += BATCH)
    results.push(...(await Promise.all(items.slice(at, at + BATCH).map(work))));
  return results;
}

/** Node reads files on four threads; more than a few in flight only cost memory. */
const BATCH = 64;
