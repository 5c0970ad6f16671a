// exhibit report REF: the page of a bundle, made again from its manifest and evidence. The bundle stays as it was sealed.
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { digestBytes } from "../bundle/digests.ts";
import { CAPTURE_FILE } from "../bundle/layout.ts";
import type { Outcome } from "../bundle/after-seal.ts";
import { UsageError } from "../errors.ts";
import { writeFileDurable } from "../host/files.ts";
import { printable } from "../printable.ts";
import { readEvidence } from "../readings/evidence.ts";
import { renderReport } from "../report/page.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import { findReadable } from "./readable-bundle.ts";
import type { ReportResult } from "./results/report.ts";

export async function run(
  context: CommandContext<{ readonly output: string | undefined }>,
): Promise<CommandResult> {
  const [asked] = context.positionals;
  if (asked === undefined)
    throw new UsageError("which bundle? exhibit ls lists them", { hint: "exhibit report last" });
  const { output } = context.options;
  const file = output === undefined ? undefined : await outsideOfBundles(output);
  const page = await makeReport(asked, context);
  const bytes = Buffer.from(page.text);
  const json: ReportResult = {
    captureId: page.captureId,
    bytes: bytes.length,
    sha256: digestBytes(bytes).sha256,
    ...(file === undefined ? { content: page.text } : { file }),
  };
  if (file === undefined) return { exitCode: 0, bytes, json };
  await writeFileDurable(file, bytes);
  return { exitCode: 0, text: `${printable(file, 400)}\n`, json };
}

async function makeReport(
  asked: string,
  context: CommandContext<object>,
): Promise<{ readonly captureId: string; readonly text: string }> {
  const { manifest, read, outcome } = await findReadable(asked, await readSettings(context));
  const evidence = manifest.target === undefined ? {} : { evidence: await readEvidence(read, manifest) };
  return { captureId: manifest.captureId, text: renderReport(manifest, { ...evidence, ...known(outcome) }) };
}

function known(outcome: Outcome | undefined): { readonly outcome?: Outcome } {
  return outcome === undefined ? {} : { outcome };
}

/** The absolute path to write to. Throws UsageError for a place in a bundle: what is sealed stays as it is. */
async function outsideOfBundles(output: string): Promise<string> {
  const asked = resolve(output);
  const folder = await realpath(dirname(asked)).catch(() => undefined);
  if (folder === undefined) throw new UsageError(`${printable(output, 300)}: there is no such folder`);
  for (let at = folder; ; at = dirname(at)) {
    if (await isThere(join(at, CAPTURE_FILE)))
      throw new UsageError(
        `${printable(output, 300)}: is in a bundle, and a sealed bundle is never changed`,
        {
          hint: "name a file elsewhere",
        },
      );
    if (dirname(at) === at) return join(folder, basename(asked));
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
