// What of a bundle is to be fetched: what its manifest lists, or some of it, and what was told beside the seal. Of a bundle
// without a manifest everything that lies there, unchecked.
import { posix } from "node:path";
import { MANIFEST_FILE, SIGNATURE_FILE } from "../bundle/layout.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { BESIDE } from "../bundle/verify.ts";
import { ExhibitError, UsageError } from "../errors.ts";
import { closestName } from "../parsers/closest-name.ts";
import { printable } from "../printable.ts";
import type { WantedFile } from "./fetch-file.ts";
import {
  isMemberPath,
  listStoredFiles,
  mustBeManifest,
  readStoredManifest,
  type StoredRef,
} from "./stored-bundle.ts";

export interface FetchPlan {
  /** undefined: the bundle was interrupted, or not all of it was sent yet. */
  readonly manifest: Manifest | undefined;
  readonly manifestSha256: string | undefined;
  readonly files: readonly WantedFile[];
  /** Small files that no digest is known of, read already: the manifest last. */
  readonly texts: readonly { readonly path: string; readonly data: Buffer }[];
  /** Objects that lie below the bundle and are none of it, or have a name that no file may have: left where they are. */
  readonly left: readonly string[];
}

const TEXT_LIMIT_BYTES = 1024 ** 2;

interface Asked {
  /** Files of the bundle; none means all. */
  readonly paths: readonly string[];
  /** Of the manifest, or its beginning. */
  readonly sha256: string | undefined;
  /** In place of paths: what holds memory, what is said about it, and what it is checked against. */
  readonly core?: boolean;
}

/**
 * Reads the manifest and, for a whole bundle, what lies beside it. Throws UsageError for a path that it does not have,
 * ExhibitError for a manifest that is not `sha256` or none of ours, and where there is no core to fetch.
 */
export async function planFetch(ref: StoredRef, asked: Asked): Promise<FetchPlan> {
  const { sha256 } = asked;
  const core = asked.core === true;
  const found = await readStoredManifest(ref);
  if (found === undefined && sha256 === undefined) {
    if (!core) return planUnsealed(ref, asked.paths);
    throw new ExhibitError(`${ref.captureId} has no manifest.json: nothing says what of it is a core`, {
      hint: "fetch it without --core: what there is comes unchecked",
    });
  }
  const read = mustBeManifest(ref, found);
  if (sha256 !== undefined && !read.sha256.startsWith(sha256))
    throw new ExhibitError(
      `${printable(ref.store.url(ref.prefix), 300)}/${MANIFEST_FILE}: sha256 is ${read.sha256}, not ${sha256}`,
      {
        hint: "it is not the bundle that the incident record names; nothing was fetched",
      },
    );
  const paths = core ? corePaths(read.manifest) : asked.paths;
  if (core && paths.length === 0)
    throw new ExhibitError(`${ref.captureId} holds no core`, { hint: "exhibit show says why there is none" });
  const listed = read.manifest.files.map((file): WantedFile => ({
    ...file,
    key: `${ref.prefix}/${file.path}`,
  }));
  const wantsBeside =
    core || paths.length === 0 || paths.some((path) => BESIDE.has(path) && path !== MANIFEST_FILE);
  const stored = wantsBeside ? [...(await listStoredFiles(ref)).keys()] : [];
  const beside = stored.filter((path) => BESIDE.has(path) && path !== MANIFEST_FILE);
  const known = new Set([...listed.map(({ path }) => path), ...BESIDE]);
  const texts = [];
  for (const path of chosen(beside, core ? [SIGNATURE_FILE] : paths)) {
    const data = await ref.store.get(`${ref.prefix}/${path}`, TEXT_LIMIT_BYTES);
    if (data) texts.push({ path, data });
  }
  mustBeThere(paths, [...listed.map(({ path }) => path), ...beside, MANIFEST_FILE]);
  return {
    manifest: read.manifest,
    manifestSha256: read.sha256,
    files: listed.filter(({ path }) => paths.length === 0 || paths.includes(path)),
    texts: [...texts, { path: MANIFEST_FILE, data: read.bytes }],
    left: stored.filter((path) => !known.has(path)),
  };
}

/** Members that hold memory, and the core.json that lies beside one. */
function corePaths({ files }: Manifest): readonly string[] {
  const cores = files.filter(({ sensitivity }) => sensitivity === "core").map(({ path }) => path);
  const beside = new Set(cores.map((path) => posix.join(posix.dirname(path), "core.json")));
  return files.map(({ path }) => path).filter((path) => cores.includes(path) || beside.has(path));
}

function chosen(all: readonly string[], paths: readonly string[]): readonly string[] {
  return paths.length === 0 ? all : all.filter((path) => paths.includes(path));
}

function mustBeThere(paths: readonly string[], known: readonly string[]): void {
  for (const path of paths) if (!known.includes(path)) throw unknownFile(path, known);
}

/** The bundle has no such file. */
export function unknownFile(path: string, known: readonly string[]): UsageError {
  const near = closestName(path, known);
  return new UsageError(`no file ${printable(path)} in the bundle`, {
    hint: near === undefined ? "exhibit show REF --verbose lists them" : `did you mean ${printable(near)}?`,
  });
}

async function planUnsealed(ref: StoredRef, paths: readonly string[]): Promise<FetchPlan> {
  const stored = await listStoredFiles(ref);
  if (stored.size === 0)
    throw new UsageError(`nothing is stored at ${printable(ref.store.url(ref.prefix), 300)}`, {
      hint: "exhibit ls --store lists what is",
    });
  const names = [...stored.keys()].filter(isMemberPath);
  mustBeThere(paths, names);
  const files = chosen(names, paths).map((path): WantedFile => {
    const key = `${ref.prefix}/${path}`;
    return { path, key, bytes: stored.get(path)?.bytes ?? 0, sha256: undefined };
  });
  return {
    manifest: undefined,
    manifestSha256: undefined,
    files,
    texts: [],
    left: [...stored.keys()].filter((path) => !isMemberPath(path)),
  };
}
