// The seal: from evidence on disk to a bundle with a manifest. In this order, each durable before the next: cores are
// packed and encrypted, text is masked, note and report are written, then SHA256SUMS, bundle.zip, the signature, and
// manifest.json last and never over another. Until the manifest is there the bundle counts as interrupted, and sealing
// can begin anew.
import { unlink } from "node:fs/promises";
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
  NOTE_FILE,
  REPORT_FILE,
  SUMS_FILE,
  ZIP_FILE,
  type BundlePaths,
} from "../bundle/layout.ts";
import { formatSums } from "../bundle/digests.ts";
import { openRedactor, type BundleRedactor } from "../bundle/redaction/bundle-redactor.ts";
import { withMaskedBefore } from "../bundle/redaction/masked-before.ts";
import { openSigner } from "../bundle/sign.ts";
import { writeZip } from "../bundle/zip.ts";
import { writeFileDurable } from "../host/files.ts";
import { buildNote } from "../incident/build-note.ts";
import { renderMarkdown } from "../incident/render-markdown.ts";
import type { EncryptSettings, ServiceSettings, SignSettings } from "../settings.ts";
import { readEvidence } from "../readings/evidence.ts";
import { renderReport } from "../report/page.ts";
import { compareWithEarlier, type ReadableBundle } from "./compare-with-earlier.ts";
import { evidenceOf } from "./evidence-folder.ts";
import { draftManifest } from "./draft-manifest.ts";
import { judgeBundle } from "./judge-bundle.ts";
import { removeJournal } from "./journal.ts";
import type { GrowthWatch } from "./early-upload.ts";
import { describeMembers, findUnmasked, listEvidence } from "./members.ts";
import { openProtection } from "./protect.ts";
import { writeManifest } from "./write-manifest.ts";

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
  readonly sealing: SealingSettings;
  /** The bundle that this one is after, when it is not in the spool. */
  readonly earlier?: ReadableBundle;
  /** Told of cores while they are packed: they are on their way to the store by then. */
  readonly watch?: GrowthWatch;
}

/** To whom a bundle is sealed, by whom, and what should be so of the services that it may be of. */
export interface SealingSettings {
  readonly encrypt: EncryptSettings;
  readonly sign: SignSettings;
  readonly services: readonly ServiceSettings[];
}

/** Seals a bundle and resolves with its manifest. Rejects when the disk is full: the evidence stays, sealing can begin anew. */
export async function sealBundle(request: SealRequest): Promise<Manifest> {
  const { paths } = request;
  const redactor = await openRedactor(paths.secrets);
  const protection = await openProtection(paths, request.cores, request.sealing.encrypt, request.watch);
  await protection.packCores();
  // Before anything of it is masked or encrypted.
  const { target } = request.capture;
  const seen = await readEvidence(evidenceOf(paths.folder), { target });
  const { services } = request.sealing;
  const readings = await judgeBundle(paths, { target, evidence: seen, services });
  const comparison = await compareWithEarlier(paths, request.capture, {
    evidence: seen,
    readings,
    earlier: request.earlier,
  }).catch(() => undefined);
  const redactions: Redaction[] = [];
  const readable = (await listEvidence(paths.folder)).filter(
    (path) => !protection.cores.has(path) && !protection.encrypted.has(path),
  );
  const unmasked = await findUnmasked(paths.folder, readable);
  for (const path of readable) {
    if (!unmasked.has(path)) redactions.push(...(await maskFile(paths.folder, path, redactor)));
    if (protection.everything) await protection.encryptEvidence(path);
  }
  const evidence = await listEvidence(paths.folder);
  const describe = (members: readonly string[]) =>
    describeMembers(paths.folder, members, { ...protection, unmasked });
  const signer = await openSigner(request.sealing.sign);

  const draft = {
    ...draftManifest(request, {
      redactor,
      readings,
      redactions: await withMaskedBefore(paths.masked, redactions),
      problems: protection.problems,
    }),
    ...(comparison === undefined ? {} : { comparison }),
    ...(signer === undefined ? {} : { signing: signer.signing }),
  };
  const note = buildNote({ manifest: draft, url: request.url });
  const write = (name: string, text: string) =>
    writeFileDurable(join(paths.folder, name), text, { temporaryIn: dirname(paths.folder) });
  await write(NOTE_FILE, renderMarkdown(note));
  // Where all evidence is encrypted, the page does not tell of it either.
  const shown = target === undefined || protection.everything ? {} : { evidence: seen };
  const about = { ...draft, files: await describe(evidence) };
  await write(REPORT_FILE, renderReport(about, { ...shown, mask: redactor.redactText }));

  const inside = await describe([CAPTURE_FILE, ...evidence, NOTE_FILE, REPORT_FILE]);
  await write(SUMS_FILE, formatSums(inside));
  const sums = await describe([SUMS_FILE]);
  await writeZip({
    folder: paths.folder,
    zipPath: join(paths.folder, ZIP_FILE),
    top: paths.captureId,
    members: [...inside, ...sums].filter((file) => file.inZip).map((file) => file.path),
    date: new Date(request.finishedAt),
  });
  const zip = (await describe([ZIP_FILE])).map((file) => ({ ...file, inZip: false }));
  const manifest = await writeManifest(
    paths,
    { ...draft, sealedAt: new Date().toISOString(), files: [...inside, ...sums, ...zip] },
    signer,
  );
  await removeJournal(paths.journal);
  for (const path of [paths.late, paths.secrets, paths.masked]) await unlink(path).catch(() => undefined);
  return manifest;
}

async function maskFile(folder: string, path: string, redactor: BundleRedactor): Promise<Redaction[]> {
  const counts = await redactor.redactFile(join(folder, path));
  return [...counts].map(([rule, count]) => ({ file: path, rule, count }));
}
