// `exhibit add`, from files that were looked at to copies that are safe on disk.
import { join, relative } from "node:path";
import { ADDED } from "../bundle/layout.ts";
import type { CollectorRecord } from "../bundle/manifest.ts";
import { secretValues } from "../bundle/redaction/secret-values.ts";
import { messageOf } from "../errors.ts";
import { assertAnswers } from "../host/answers.ts";
import { startClock } from "../host/clock.ts";
import { openQuota } from "../host/disk.ts";
import { fsyncFolder, makeFolderSync, writeFileDurable } from "../host/files.ts";
import { beginBundle, type BundleRequest } from "./begin-bundle.ts";
import { copyFile, type Copied } from "./copy-file.ts";
import { FILES_LIST, type FileToAdd } from "./files-to-add.ts";
import { openJournal } from "./journal.ts";
import type { SecuredBundle } from "./run.ts";

const ANSWER_MS = 2000;

/** Copies the files into a new bundle. Rejects when it cannot be begun; everything later ends up in the bundle. */
export async function addFiles(
  request: BundleRequest,
  files: readonly FileToAdd[],
  stop: AbortSignal,
): Promise<SecuredBundle> {
  const clock = startClock();
  const startedAt = clock.now();
  await assertAnswers(request.spool.path, ANSWER_MS);
  const environment = Object.entries(process.env).map(([key, value]) => `${key}=${value}`);
  const { paths, capture } = beginBundle(request, {
    name: "add",
    startedAt,
    secrets: secretValues(Buffer.from(environment.join("\0")), Buffer.alloc(0)),
    facts: ({ redactText }) => ({
      made: "add",
      added: files.map(({ facts }) => ({ ...facts, from: redactText(facts.from) })),
      planned: [
        { name: ADDED, tool: "add", touch: "none", estimate: { timeMs: 0, pauseMs: 0, sizeBytes: 0 } },
      ],
    }),
    fill: (evidence) => makeFolderSync(join(evidence, ADDED)),
  });
  const folder = paths.evidence(ADDED);
  const journal = openJournal(paths.journal);
  const cores = files.flatMap((file) => (file.isMemory ? [join(folder, file.facts.member)] : []));
  const problems: string[] = [];
  const copies: Copied[] = [];
  try {
    // Known before the first byte of it: a core that a kill cuts short is a core too.
    for (const core of cores) await journal.write({ kind: "core", file: relative(paths.folder, core) });
    await journal.sync();
    const quota = openQuota(request.spool.path, request.spool);
    for (const file of files) {
      const copied = await copyFile(file, join(folder, file.facts.member), { quota, signal: stop });
      copies.push(copied);
      if (copied.problem !== undefined) problems.push(`${file.facts.member}: ${copied.problem}`);
    }
    const list = files.map(({ facts }, index) => {
      const { bytes = 0, sha256, problem } = copies[index] ?? {};
      return { ...facts, copiedBytes: bytes, sha256, problem };
    });
    await writeFileDurable(join(folder, FILES_LIST), `${JSON.stringify(list, undefined, 2)}\n`, {
      temporaryIn: request.spool.path,
    });
    await fsyncFolder(folder);
  } catch (error) {
    problems.push(messageOf(error));
  }
  const bytes = copies.reduce((sum, copied) => sum + copied.bytes, 0);
  const finishedAt = clock.now();
  const durationMs = Math.round(clock.elapsedMs());
  const record: CollectorRecord = {
    name: ADDED,
    tool: "add",
    touch: "none",
    ...(problems.length === 0 ? { status: "ok" } : { status: "partial", reason: problems.join("; ") }),
    method: "copied",
    startedAt,
    endedAt: finishedAt,
    startedMonotonicMs: 0,
    durationMs,
    commands: [],
    bytes,
  };
  await journal.write({ kind: "collector", record, readings: [] }).catch(() => undefined);
  await journal.write({ kind: "secured", at: finishedAt }).catch(() => undefined);
  await journal.sync().catch(() => undefined);
  await journal.close().catch(() => undefined);
  return {
    paths,
    capture,
    records: [record],
    readings: [],
    checks: [],
    cores: cores.map((core) => relative(paths.folder, core)),
    pausedMs: undefined,
    elapsedMs: durationMs,
    finishedAt,
    early: undefined,
  };
}
