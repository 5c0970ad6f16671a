// exhibit verify: checks a bundle against its manifest and names every file that is not as it was sealed.
import { verifyBundle } from "../bundle/verify.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { openDestination, recover } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { VerifyResult } from "./results/bundles.ts";
import { findEntry, findFolder, isFolderName } from "./spool-entry.ts";
import { layColumns, styleOf } from "./style.ts";
import { lookAtSignature, signatureFaults, signatureLine, type VerifyOptions } from "./verify-signature.ts";

export async function run(context: CommandContext<VerifyOptions>): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined) throw new UsageError("which bundle? exhibit ls lists them");
  const path = await pathOf(asked, context);
  const { manifest, manifestSha256, files, ...checked } = await verifyBundle(path);
  const signature = manifest && (await lookAtSignature(path, { manifest, manifestSha256 }, context));
  const faults = [...checked.faults, ...signatureFaults(signature, context.options)];
  const json: VerifyResult = {
    path,
    ...(manifest === undefined ? {} : { captureId: manifest.captureId, state: manifest.state }),
    intact: faults.length === 0,
    fileCount: files,
    ...(manifestSha256 === undefined ? {} : { manifestSha256 }),
    faults: faults.map((fault) => ({ ...fault })),
    ...(signature === undefined ? {} : { signature: { ...signature } }),
  };
  const style = styleOf(context.terminal);
  if (faults.length > 0) {
    const rows = faults.map((fault) => [fault.fault, `${printable(fault.path, 300)}: ${fault.detail}`]);
    const lines = layColumns(rows).map((line) => line.replace(/^\S+/, (word) => style.red(word)));
    const count = `${faults.length} ${faults.length === 1 ? "fault" : "faults"}`;
    context.say(
      manifest === undefined
        ? `exhibit: ${printable(path, 300)} cannot be checked`
        : `exhibit: ${manifest.captureId} is not as it was sealed: ${count}`,
    );
    return { exitCode: 1, text: `${lines.join("\n")}\n`, json };
  }
  const text = `${style.green("intact")}  ${manifest?.captureId}: ${files} files are as they were sealed\n        manifest sha256 ${manifestSha256}\n${signatureLine(signature, style)}`;
  return { exitCode: 0, text, json };
}

/** A folder is taken as it is, wherever it came from; anything else is looked for in the spool. */
async function pathOf(asked: string, context: CommandContext<VerifyOptions>): Promise<string> {
  if (isFolderName(asked)) return findFolder(asked);
  const loaded = await readSettings(context);
  await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  return (await findEntry(loaded.settings.spool.path, asked)).path;
}
