// What is sensitive, on its way into the sealed bundle: cores are packed, and encrypted when a recipient is set; with
// `everything` so is all evidence. What must stay true, kill or not: a readable file goes only after the encrypted one is
// whole and durable and the journal says what it was; what must be encrypted and cannot be never leaves this host.
import { readdir, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { digestFile, type Digest } from "../bundle/digests.ts";
import { encryptFile } from "../bundle/encrypt-file.ts";
import { WITHHELD_FOLDER, type BundlePaths } from "../bundle/layout.ts";
import type { FileRecord } from "../bundle/manifest.ts";
import { compressCore } from "../core/compress.ts";
import { messageOf } from "../errors.ts";
import { fsyncFolder, makeFolder } from "../host/files.ts";
import { printable } from "../printable.ts";
import type { EncryptSettings } from "../settings.ts";
import type { GrowthWatch } from "./early-upload.ts";
import { openJournal, readJournal } from "./journal.ts";

/** What the manifest says of an encrypted file besides what it says of any. */
export interface Encrypted {
  readonly encryption: NonNullable<FileRecord["encryption"]>;
  readonly plain: NonNullable<FileRecord["plain"]>;
}

const PACKED = [".zst", ".gz"];
const CAME_PACKED = /\.(?:zst|gz|xz|lz4|bz2)$/;

export interface Protection {
  /** By path in the bundle. */
  readonly encrypted: ReadonlyMap<string, Encrypted>;
  /** What is known of files by now, by path in the bundle: a core is not read again for it. */
  readonly digests: Map<string, Digest>;
  /** Paths in the bundle that hold memory. */
  readonly cores: ReadonlySet<string>;
  /** By collector: what went wrong. */
  readonly problems: ReadonlyMap<string, string>;
  readonly packCores: () => Promise<void>;
  /** Encrypts a file of evidence that holds no memory. */
  readonly encryptEvidence: (path: string) => Promise<void>;
  /** Whether evidence is encrypted too. */
  readonly everything: boolean;
}

/** Begins where an earlier seal was killed. `cores` are the paths that collectors wrote memory to. */
export async function openProtection(
  paths: BundlePaths,
  cores: readonly string[],
  settings: EncryptSettings,
  watch?: GrowthWatch,
): Promise<Protection> {
  const entries = await readJournal(paths.journal);
  const encrypted = new Map<string, Encrypted>();
  const digests = new Map<string, Digest>();
  for (const entry of entries)
    if (entry.kind === "encrypted")
      encrypted.set(entry.file, { encryption: entry.encryption, plain: entry.plain });
  const problems = new Map<string, string>();
  for (const path of await withheldFiles(paths))
    tell(problems, path, `stays on this host only: ${withheldPath(paths, path)}`);
  const wanted = settings.recipients.length > 0 || settings.required;

  const encrypt = async (path: string, pack: boolean): Promise<void> => {
    const { recipients } = settings;
    const full = join(paths.folder, path);
    // Encryption never makes the same bytes twice: whole is what the journal knows of.
    let target = "";
    const onBegin = (final: string, temporary: string) => {
      target = join(dirname(path), basename(final));
      watch?.growing(target, basename(temporary));
    };
    const growth = cores.some((core) => path.startsWith(core)) && watch ? { onBegin } : {};
    const made = await encryptFile(full, { recipients, pack, ...growth }).catch((error: unknown) => {
      if (target !== "") watch?.givenUp(target);
      throw error;
    });
    const record = {
      encryption: { method: "age" as const, recipients: [...recipients] },
      plain: { path, ...made.plain },
    };
    const file = join(dirname(path), basename(made.path));
    await remember(paths.journal, { file, ...record });
    encrypted.set(file, record);
    digests.set(file, made.stored);
    if (target !== "") watch?.grown(target, made.stored);
    await unlink(full);
    await fsyncFolder(dirname(full));
  };
  /** Resolves with false when the file is still readable and in the bundle. */
  const protect = async (path: string, pack: boolean): Promise<boolean> => {
    try {
      await encrypt(path, pack);
      return true;
    } catch (error) {
      const why = `could not be encrypted: ${printable(messageOf(error), 300)}`;
      if (!settings.required) tell(problems, path, why);
      else tell(problems, path, `${why}; it stays on this host only: ${withheldPath(paths, path)}`);
      if (settings.required) await withhold(paths, path);
      return settings.required;
    }
  };

  const packCore = async (core: string): Promise<void> => {
    const files = [core, ...PACKED.map((suffix) => core + suffix)];
    for (const file of files) {
      if (!(await isThere(join(paths.folder, file)))) continue;
      // Only what is whole is without the file it was made from. One that came packed stays as it came.
      const pack = file === core && !CAME_PACKED.test(core);
      if (pack) await removeTornPacks(paths.folder, core);
      if (wanted && (await protect(file, pack))) return;
      if (pack) await packPlain(core, { folder: paths.folder, problems, digests, watch });
      return;
    }
  };
  return {
    encrypted,
    digests,
    problems,
    everything: settings.everything && wanted,
    // All names that a torn seal may have left count as memory.
    cores: new Set(
      cores.flatMap((core) => ["", ...PACKED].flatMap((suffix) => [core + suffix, `${core}${suffix}.age`])),
    ),
    packCores: async () => {
      for (const core of cores) await packCore(core);
    },
    encryptEvidence: async (path) => {
      if (!encrypted.has(path)) await protect(path, false);
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function tell(problems: Map<string, string>, path: string, problem: string): void {
  const collector = path.split("/")[1] ?? path;
  const before = problems.get(collector);
  // Of many files that fail for one reason the first says enough.
  if (before === undefined) problems.set(collector, `${basename(path)} ${problem}`);
}

/** What was made of a core that is still there is torn, or not yet told: it is made anew. */
async function removeTornPacks(folder: string, core: string): Promise<void> {
  for (const suffix of PACKED)
    for (const made of [suffix, `${suffix}.age`])
      await unlink(join(folder, core + made)).catch(() => undefined);
}

/** One that cannot be packed stays as it is. */
async function packPlain(
  core: string,
  to: {
    readonly folder: string;
    readonly problems: Map<string, string>;
    readonly digests: Map<string, Digest>;
    readonly watch: GrowthWatch | undefined;
  },
): Promise<void> {
  let begun: string | undefined;
  const onBegin = (packed: string) => {
    begun = join(dirname(core), basename(packed));
    to.watch?.growing(begun, basename(packed));
  };
  try {
    const packed = await compressCore(join(to.folder, core), onBegin);
    if (begun === undefined) return;
    const digest = await digestFile(packed);
    to.digests.set(begun, digest);
    to.watch?.grown(begun, digest);
  } catch (error) {
    if (begun !== undefined) to.watch?.givenUp(begun);
    tell(to.problems, core, messageOf(error));
    await removeTornPacks(to.folder, core);
  }
}

/** Durable before the readable file goes. */
async function remember(journalPath: string, record: Encrypted & { readonly file: string }): Promise<void> {
  const journal = openJournal(journalPath);
  try {
    await journal.write({ kind: "encrypted", ...record });
    await journal.sync();
  } finally {
    await journal.close();
  }
}

function withheldPath(paths: BundlePaths, path: string): string {
  return join(dirname(paths.folder), WITHHELD_FOLDER, paths.captureId, path);
}

/** Paths in the bundle of what an earlier seal kept back. */
async function withheldFiles(paths: BundlePaths): Promise<readonly string[]> {
  const folder = withheldPath(paths, "");
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** Moves a file out of the bundle, to where nothing is ever sent from. */
async function withhold(paths: BundlePaths, path: string): Promise<void> {
  const from = join(paths.folder, path);
  const to = withheldPath(paths, path);
  await makeFolder(dirname(to));
  await rename(from, to);
  await fsyncFolder(dirname(to));
  await fsyncFolder(dirname(from));
}
