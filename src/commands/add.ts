// exhibit add: files that are there already, kept as evidence. All are looked at before any is copied: one that cannot be
// added means that nothing is begun.
import { addFiles } from "../capture/add-files.ts";
import { closeFiles, openFiles, type FileToAdd, type Refused } from "../capture/files-to-add.ts";
import { UsageError } from "../errors.ts";
import { NoSpaceError, readDiskBelow, spendableBytes, type KeepFree } from "../host/disk.ts";
import { formatBytes } from "../incident/wording.ts";
import { ask } from "./ask.ts";
import { readPlace } from "./capture-request.ts";
import { exitCodeOfResult } from "./capture-session.ts";
import type { CommandContext, CommandResult, StopSignal } from "./command.ts";
import { openDestination, recover } from "./destination.ts";
import type { AddOptions } from "./during-options.ts";
import { keepBundle } from "./kept-bundle.ts";
import { exitCodeOf } from "./keys.ts";
import { readSettings } from "./read-settings.ts";
import type { AddResult } from "./results/during.ts";

const ASK_BYTES = 1024 ** 3;

export async function run(context: CommandContext<AddOptions>): Promise<CommandResult> {
  const { options } = context;
  const loaded = await readSettings(context);
  const place = readPlace(options, loaded);
  const destination = await openDestination(options, loaded);
  const { spool } = loaded.settings;
  const { files, refused } = await openFiles(context.positionals);
  if (refused.length > 0) throw refusal(refused, context.positionals.length);
  let stoppedBy: StopSignal | undefined;
  const stop = new AbortController();
  try {
    await confirmSize(files, spool.path, context);
    await assertRoom(files, spool);
    const undo = context.onSignal((signal) => {
      stoppedBy = signal;
      stop.abort();
      context.warn("exhibit: stopping: what there is will be sealed");
    });
    const limits = { path: spool.path, keepFree: spool.keepFree, maxBytes: spool.maxSize };
    const request = { ...place, spool: limits, phase: "adhoc" as const };
    const secured = await addFiles(request, files, stop.signal).finally(undo);
    const bytes = secured.records.reduce((sum, record) => sum + record.bytes, 0);
    const what = `${count(files.length)}, ${formatBytes(bytes)}`;
    const capture = await keepBundle(secured, { destination, context, what });
    await recover(loaded, destination, { patienceMs: 0 }).catch(() => undefined);
    const json: AddResult = { capture, files: files.map(({ facts }) => facts) };
    return {
      exitCode: stoppedBy === undefined ? exitCodeOfResult(capture) : exitCodeOf(stoppedBy),
      text: `${capture.captureId}\n`,
      json,
    };
  } finally {
    await closeFiles(files);
  }
}

const count = (files: number) => (files === 1 ? "1 file" : `${files} files`);

function refusal(refused: readonly Refused[], asked: number): UsageError {
  const lines = refused.map(({ path, reason }) => `${path} ${reason}`);
  return new UsageError(lines.join("\n"), {
    hint: asked === refused.length ? "nothing was kept" : "nothing was kept; leave those out, and add again",
  });
}

/** Tells the sizes, and asks before much is copied. */
async function confirmSize(
  files: readonly FileToAdd[],
  spool: string,
  context: CommandContext<AddOptions>,
): Promise<void> {
  for (const { facts, isMemory } of files)
    context.say(`exhibit: ${facts.from}  ${formatBytes(facts.bytes)}${isMemory ? "  (memory)" : ""}`);
  const bytes = files.reduce((sum, file) => sum + file.diskBytes, 0);
  const freeBytes = (await readDiskBelow(spool))?.freeBytes ?? 0;
  if (context.options.yes || (bytes <= ASK_BYTES && bytes <= freeBytes / 2)) return;
  const told = `${count(files.length)}, ${formatBytes(bytes)}; ${formatBytes(freeBytes)} are free in ${spool}`;
  if (context.canAsk && (await ask(context, `${told}. Keep a copy?`))) return;
  throw new UsageError(told, { hint: "nothing was kept; add fewer, or say --yes" });
}

/** Throws NoSpaceError when they cannot all be copied, before the first is. */
async function assertRoom(
  files: readonly FileToAdd[],
  spool: { readonly path: string; readonly maxSize: number; readonly keepFree: KeepFree },
): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.diskBytes, 0);
  if (bytes > spool.maxSize)
    throw new NoSpaceError(`${formatBytes(bytes)} are more than the spool may hold`, {
      hint: "raise spool.maxSize in the settings",
    });
  const disk = await readDiskBelow(spool.path);
  const spendable = disk === undefined ? 0 : spendableBytes(disk, spool.keepFree);
  if (bytes > spendable)
    throw new NoSpaceError(`${spool.path}: ${formatBytes(bytes)} do not fit beside what must stay free`, {
      hint: "free some space, or lower spool.keepFree",
    });
}
