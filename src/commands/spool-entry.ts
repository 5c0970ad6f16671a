// Finding a bundle by what a person types: its id, the unique beginning or end of it, `last`, or a folder.
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Manifest } from "../bundle/manifest.ts";
import { readBundle, type SealedBundle } from "../capture/sealed-bundle.ts";
import { ExhibitError, UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { listSpool, readEntry, type SpoolEntry } from "../upload/spool.ts";

/** How many of those that could be meant are named. */
const NAMED = 4;

/** A word with a slash is a folder, as everywhere in a shell. */
export function isFolderName(asked: string): boolean {
  return asked.includes("/") || asked === "." || asked === "..";
}

/** Nothing in the spool is called so; it may be in a store. */
export class NotInSpoolError extends UsageError {}

/** Throws NotInSpoolError when none matches, UsageError when several do. */
export async function findEntry(spool: string, asked: string): Promise<SpoolEntry> {
  if (isFolderName(asked)) {
    const folder = await findFolder(asked);
    const entry = await readEntry(dirname(folder), basename(folder));
    if (entry.capture !== undefined || entry.manifest !== undefined) return entry;
    throw new UsageError(`${printable(asked)}: not a bundle`, {
      hint: "a bundle is a folder with capture.json and manifest.json",
    });
  }
  const entries = await listSpool(spool);
  if (asked === "last") {
    const last = entries.findLast(({ state }) => state !== "damaged");
    if (last) return last;
    throw new NotInSpoolError(`there is no bundle in ${spool}`);
  }
  const exact = entries.find(({ captureId }) => captureId === asked);
  if (exact) return exact;
  const ids = entries.map(({ captureId }) => captureId);
  const matches = ids.filter((id) => asked !== "" && (id.startsWith(asked) || id.endsWith(asked)));
  const [first] = matches;
  if (first === undefined)
    throw new NotInSpoolError(`no bundle ${printable(asked)} in ${spool}`, {
      hint: "exhibit ls lists them; a folder is written with a slash",
    });
  if (matches.length > 1)
    throw new UsageError(`${printable(asked)} could be any of ${matches.length} bundles`, {
      hint: `${matches.slice(0, NAMED).join("\n  ")}${matches.length > NAMED ? "\n  …" : ""}`,
    });
  return readEntry(spool, first);
}

/** The absolute path of a folder that is there; throws UsageError. */
export async function findFolder(asked: string): Promise<string> {
  const folder = resolve(asked);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return folder;
  throw new UsageError(`${printable(asked)}: no such folder`);
}

/** The manifest of an entry; throws ExhibitError when it is not sealed. */
export function manifestOf(entry: SpoolEntry): Manifest {
  if (entry.manifest) return entry.manifest;
  throw new ExhibitError(`${printable(entry.captureId)} ${whyUnsealed(entry)}`, {
    hint: `its files are in ${entry.path}`,
  });
}

/** Why there is no manifest, as the end of a sentence. */
export function whyUnsealed({ state, reason }: SpoolEntry): string {
  if (state === "capturing") return "is still being captured";
  if (state === "interrupted") return "was interrupted and could not be sealed yet";
  return `is damaged: ${reason ?? "it has no manifest that can be read"}`;
}

/** The sealed bundle of an entry; throws ExhibitError when it is not sealed. */
export async function openSealed(entry: SpoolEntry): Promise<SealedBundle> {
  manifestOf(entry);
  return readBundle(dirname(entry.path), basename(entry.path));
}

/** Sending writes a receipt beside the bundle, so it is for bundles of the spool only. Throws UsageError. */
export function mustBeInSpool(entry: SpoolEntry, spool: string): void {
  if (dirname(entry.path) === resolve(spool)) return;
  throw new UsageError(`${printable(entry.path, 300)} is not in the spool of this host`, {
    hint: `only bundles in ${spool} are sent`,
  });
}
