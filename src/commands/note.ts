// exhibit note: prints the note of a bundle, or posts it to an incident record. Safe to repeat.
import { noteOf, postNotes } from "../capture/post-notes.ts";
import { renderMarkdown } from "../incident/render-markdown.ts";
import { renderText } from "../incident/render-text.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { openDestination, recover } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { planNotes } from "./note-plan.ts";
import { describeNote } from "./push-one.ts";
import { readSettings } from "./read-settings.ts";
import type { NoteCommandResult } from "./results/bundles.ts";
import { findEntry, mustBeInSpool, openSealed } from "./spool-entry.ts";

interface NoteOptions {
  readonly to: readonly string[];
  readonly dryRun: boolean;
}

export async function run(context: CommandContext<NoteOptions>): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined) throw new UsageError("the note of which bundle? exhibit ls lists them");
  const { to, dryRun } = context.options;
  const loaded = await readSettings(context);
  const spool = loaded.settings.spool.path;
  const destination = await openDestination({ to: undefined, noUpload: false }, loaded);
  await recover(loaded, destination);
  const entry = await findEntry(spool, asked);
  const bundle = await openSealed(entry);
  const note = await noteOf(bundle, destination.records);
  const json: NoteCommandResult = {
    captureId: bundle.manifest.captureId,
    url: note.bundle.url,
    text: renderText(note),
    markdown: renderMarkdown(note),
    notes: [],
  };
  if (dryRun) {
    // Without --to, where it goes by itself.
    const planned = planNotes(to.length === 0 ? bundle.manifest.incidents : to, destination.records);
    const places = planned.map(
      ({ incident, record, where }) =>
        `${printable(incident)}: ${record === "none" ? where : `would go to ${record} ${printable(where, 300)}`}\n`,
    );
    return { exitCode: 0, text: `${places.join("")}\n${json.text}`, json: { ...json, planned } };
  }
  if (to.length === 0) return { exitCode: 0, text: json.text, json };
  mustBeInSpool(entry, spool);
  json.notes.push(...(await postNotes(bundle, destination.records, { incidents: to })));
  for (const one of json.notes) context.say(`exhibit: ${describeNote(one)}`);
  const isOpen = json.notes.some(({ state }) => state === "waiting" || state === "failed");
  return { exitCode: isOpen ? 5 : 0, json };
}
