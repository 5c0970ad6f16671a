// exhibit show: what is in a bundle: readings, the timeline of its collectors, files, and what is missing and why.
import { readOutcome } from "../capture/sealed-bundle.ts";
import { UsageError } from "../errors.ts";
import { coreCommands } from "./core-commands.ts";
import { openDestination, recover } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { ShowResult } from "./results/bundles.ts";
import { renderBundle } from "./show-page.ts";
import { findEntry, manifestOf } from "./spool-entry.ts";
import { styleOf } from "./style.ts";

export async function run(context: CommandContext<Record<string, never>>): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined) throw new UsageError("which bundle? exhibit ls lists them");
  const loaded = await readSettings(context);
  await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  const entry = await findEntry(loaded.settings.spool.path, asked);
  const manifest = manifestOf(entry);
  const { path, receipt } = entry;
  const outcome = await readOutcome(entry);
  const json: ShowResult = {
    captureId: manifest.captureId,
    path,
    manifest,
    ...(receipt === undefined ? {} : { receipt }),
    ...(outcome === undefined ? {} : { outcome }),
    openCore: [...(await coreCommands(path, manifest))],
  };
  const { terminal, global } = context;
  const lines = renderBundle(json, {
    style: styleOf(terminal),
    columns: Math.max(40, terminal.columns),
    verbose: global.verbose,
  });
  return { exitCode: 0, text: `${lines.join("\n")}\n`, json };
}
