// The seal: from evidence on disk to a bundle with a manifest. In this order, each durable before the next: cores are
// compressed, text is masked, note and report are written, then SHA256SUMS, bundle.zip, and manifest.json last and never
// over another. Until the manifest is there the bundle counts as interrupted, and sealing can begin anew.
import { stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type {
  CaptureFile,
  CollectorRecord,
  IdentityCheck,
  Manifest,
  ReadingRecord,
  Redaction,
} from "../bundle/manifest.ts";
import {
  CAPTURE_FILE,
  MANIFEST_FILE,
  NOTE_FILE,
  REPORT_FILE,
  SUMS_FILE,
  ZIP_FILE,
  type BundlePaths,
} from "../bundle/layout.ts";
import { formatSums } from "../bundle/digests.ts";
import { openRedactor, type BundleRedactor } from "../bundle/redaction/bundle-redactor.ts";
import { withMaskedBefore } from "../bundle/redaction/masked-before.ts";
import { writeZip } from "../bundle/zip.ts";
import { compressCore } from "../core/compress.ts";
import { messageOf } from "../errors.ts";
import { fsyncFolder, writeFileDurable } from "../host/files.ts";
import { buildNote } from "../incident/build-note.ts";
import { renderMarkdown } from "../incident/render-markdown.ts";
import { renderReport } from "../report/page.ts";
import { draftManifest } from "./draft-manifest.ts";
import { removeJournal } from "./journal.ts";
import { describeMembers, listEvidence } from "./members.ts";

export interface SealRequest {
  readonly paths: BundlePaths;
  readonly capture: CaptureFile;
  readonly records: readonly CollectorRecord[];
  readonly readings: readonly ReadingRecord[];
  readonly checks: readonly IdentityCheck[];
  /** Members that may hold memory, as paths in the bundle. */
  readonly cores: readonly string[];
  /** Set when the capture did not end by itself. */
  readonly interrupted?: string;
  readonly finishedAt: string;
  readonly durationMs: number;
  /** Absent when unknown. */
  readonly pausedMs?: number;
  /** Where the bundle will be, for the note inside it. */
  readonly url: string;
}

/** Seals a bundle and resolves with its manifest. Rejects when the disk is full: the evidence stays, sealing can begin anew. */
export async function sealBundle(request: SealRequest): Promise<Manifest> {
  const { paths } = request;
  const redactor = await openRedactor(paths.secrets);
  const problems = new Map<string, string>();
  const cores = await packCores(request, problems);
  const evidence = await listEvidence(paths.folder);
  const redactions: Redaction[] = [];
  for (const path of evidence)
    if (!cores.has(path)) redactions.push(...(await maskFile(paths.folder, path, redactor)));

  const draft = draftManifest(request, {
    redactor,
    redactions: await withMaskedBefore(paths.masked, redactions),
    problems,
  });
  const note = buildNote({ manifest: draft, url: request.url });
  const write = (name: string, text: string, exclusive = false) =>
    writeFileDurable(join(paths.folder, name), text, { exclusive, temporaryIn: dirname(paths.folder) });
  await write(NOTE_FILE, renderMarkdown(note));
  await write(
    REPORT_FILE,
    renderReport({ ...draft, files: await describeMembers(paths.folder, evidence, cores) }),
  );

  const inside = await describeMembers(
    paths.folder,
    [CAPTURE_FILE, ...evidence, NOTE_FILE, REPORT_FILE],
    cores,
  );
  await write(SUMS_FILE, formatSums(inside));
  const sums = await describeMembers(paths.folder, [SUMS_FILE], cores);
  await writeZip({
    folder: paths.folder,
    zipPath: join(paths.folder, ZIP_FILE),
    top: paths.captureId,
    members: [...inside, ...sums].filter((file) => file.inZip).map((file) => file.path),
    date: new Date(request.finishedAt),
  });
  const zip = (await describeMembers(paths.folder, [ZIP_FILE], cores)).map((file) => ({
    ...file,
    inZip: false,
  }));
  const manifest: Manifest = {
    ...draft,
    sealedAt: new Date().toISOString(),
    files: [...inside, ...sums, ...zip],
  };
  await fsyncFolder(paths.folder);
  await write(MANIFEST_FILE, `${JSON.stringify(manifest, undefined, 2)}\n`, true);
  await removeJournal(paths.journal);
  for (const path of [paths.secrets, paths.masked]) await unlink(path).catch(() => undefined);
  return manifest;
}

/** Compresses the cores; resolves with the paths in the bundle that hold memory. One that cannot be packed stays as it is. */
async function packCores(request: SealRequest, problems: Map<string, string>): Promise<ReadonlySet<string>> {
  const all = new Set<string>();
  for (const core of request.cores) {
    const path = join(request.paths.folder, core);
    // All names that a torn seal may have left count as memory.
    for (const suffix of [".zst", ".gz"]) all.add(core + suffix);
    all.add(core);
    const there = await stat(path).catch(() => undefined);
    // One that was compressed on its way here stays as it is.
    if (!there || /\.(?:zst|gz|age)$/.test(core)) continue;
    try {
      await compressCore(path);
    } catch (error) {
      problems.set(core.split("/")[1] ?? core, messageOf(error));
      for (const suffix of [".zst", ".gz"]) await unlink(path + suffix).catch(() => undefined);
    }
  }
  return all;
}

async function maskFile(folder: string, path: string, redactor: BundleRedactor): Promise<Redaction[]> {
  const counts = await redactor.redactFile(join(folder, path));
  return [...counts].map(([rule, count]) => ({ file: path, rule, count }));
}
