// exhibit note: prints the note of a bundle, or posts it to an incident record. Safe to repeat.
import { attachFile, isAttachable } from "../capture/attach-file.ts";
import { noteOf, postNotes } from "../capture/post-notes.ts";
import { renderFormat } from "../incident/formats.ts";
import { renderMarkdown } from "../incident/render-markdown.ts";
import { renderText } from "../incident/render-text.ts";
import { UsageError } from "../errors.ts";
import { printable, printableLines } from "../printable.ts";
import { openDestination, recover } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { planNotes, type PlannedNote } from "./note-plan.ts";
import { describeNote } from "./push-one.ts";
import { readSettings } from "./read-settings.ts";
import type { NoteCommandResult } from "./results/bundles.ts";
import { findEntry, mustBeInSpool, openSealed } from "./spool-entry.ts";

interface NoteOptions {
  readonly to: readonly string[];
  readonly print: string | undefined;
  readonly attach: string | undefined;
  readonly supersede: boolean;
  readonly dryRun: boolean;
}

export async function run(context: CommandContext<NoteOptions>): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined) throw new UsageError("the note of which bundle? exhibit ls lists them");
  const { to, print, attach, supersede, dryRun } = context.options;
  if (attach !== undefined && !isAttachable(attach))
    throw new UsageError(`--attach ${attach}: expected report or zip`);
  const loaded = await readSettings(context);
  const spool = loaded.settings.spool.path;
  const destination = await openDestination({ to: undefined, noUpload: false }, loaded);
  await recover(loaded, destination);
  const entry = await findEntry(spool, asked);
  const bundle = await openSealed(entry);
  const note = await noteOf(bundle, destination.records);
  const shown = renderFormat(note, print ?? "text");
  if (shown === undefined)
    throw new UsageError(`--print ${print}: no such format`, { hint: "see exhibit note --help" });
  const json: NoteCommandResult = {
    captureId: bundle.manifest.captureId,
    url: note.bundle.url,
    text: renderText(note),
    markdown: renderMarkdown(note),
    ...(print === undefined ? {} : { printed: shown }),
    notes: [],
  };
  // Without --to, where it goes by itself.
  const incidents = to.length === 0 ? bundle.manifest.incidents : to;
  if (dryRun) {
    const planned = planNotes(incidents, destination.records, note);
    return {
      exitCode: 0,
      text: `${planned.map(describePlan).join("")}\n${shown}`,
      json: { ...json, planned },
    };
  }
  if (print !== undefined || (to.length === 0 && !supersede && attach === undefined))
    return { exitCode: 0, text: shown, json };
  mustBeInSpool(entry, spool);
  const places = destination.records;
  json.notes.push(...(await postNotes(bundle, places, { incidents, ...(supersede ? { supersede } : {}) })));
  for (const one of json.notes) context.say(`exhibit: ${describeNote(one)}`);
  const files =
    attach === undefined ? [] : await attachFile(bundle, note, { what: attach, incidents, places });
  for (const one of files) context.say(`exhibit: ${attach}: ${describeNote(one)}`);
  const isOpen = [...json.notes, ...files].some(({ state }) => state === "waiting" || state === "failed");
  return { exitCode: isOpen ? 5 : 0, json: attach === undefined ? json : { ...json, attached: [...files] } };
}

/** Where it would go, and the requests that would put it there. */
function describePlan({ incident, record, where, requests = [] }: PlannedNote): string {
  const place = record === "none" ? where : `would go to ${record} ${printable(where, 300)}`;
  const calls = requests.map((call) => `\n${printableLines(call, 20_000).replace(/^/gm, "  ")}\n`);
  return `${printable(incident)}: ${place}\n${calls.join("")}`;
}
