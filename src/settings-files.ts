// The settings in force: built-in defaults, /etc/exhibit/exhibit.yaml, conf.d/*.yaml in order of their names, EXHIBIT_*
// in the environment, flags. A later one wins, key by key; a store, profile or collector is replaced as a whole, and so
// are the lists of incidents and services. Every fault is told at once, with its file, line, column and key.
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, SettingsError, type SettingsPlace } from "./errors.ts";
import { Settings } from "./settings.ts";
import { checkMeaning } from "./settings-meaning.ts";
import { defaultSettings, SYSTEM_FOLDER, userFolder, type WrittenSettings } from "./settings-defaults.ts";
import { readEnvironment } from "./settings-environment.ts";
import { faultsOf, type KeyFault } from "./settings-faults.ts";
import { readSettingsFile } from "./settings-bytes.ts";
import { isRecord, parseSettings, type Fault } from "./settings-yaml.ts";

const HOST_FOLDER = "/etc/exhibit";
/** Faults beyond these are only counted. */
const MOST_TOLD = 40;

export interface Origin {
  readonly source: "default" | "file" | "env" | "flag";
  /** The file, or the variable. */
  readonly file?: string;
  readonly line?: number;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** As they were written, all layers put together: `30s`, not 30000. */
  readonly written: WrittenSettings;
  /** By dotted key of each single value or list of `written`. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** The files that were read, in order. */
  readonly files: readonly string[];
  /** sha256 of the settings as canonical JSON: the same meaning has the same digest. */
  readonly digest: string;
  readonly warnings: readonly string[];
}

export interface LoadRequest {
  /** Read this one in place of the host's files. */
  readonly configPath?: string | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** By dotted key, as text. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Where the host's files are. */
  readonly folder?: string;
  readonly uid?: number | undefined;
}

interface Layer {
  readonly source: Origin["source"];
  readonly values: WrittenSettings;
  readonly places: ReadonlyMap<string, SettingsPlace>;
  /** Where a key is that has no place of its own. */
  readonly name: string;
}

/** The settings in force. Throws SettingsError with every fault, one a line. */
export async function loadSettings(request: LoadRequest = {}): Promise<LoadedSettings> {
  const env = request.env ?? process.env;
  const uid = "uid" in request ? request.uid : process.getuid?.();
  const paths = await settingsPaths(request, env);
  const read = await Promise.all(
    paths.map(async (path) => ({ path, bytes: await readSettingsFile(path, uid) })),
  );
  const parsed = read.flatMap(({ path, bytes }) => (bytes === undefined ? [] : [parseSettings(path, bytes)]));
  const asked = request.configPath ?? env.EXHIBIT_CONFIG;
  if (asked && parsed.length === 0)
    throw new SettingsError({ file: asked }, "no such file", { hint: "see --config" });

  const environment = readEnvironment(env);
  const folder = uid === 0 || parsed.length > 0 ? SYSTEM_FOLDER : userFolder(env);
  const layers: readonly Layer[] = [
    { source: "default", values: defaultSettings(folder), places: new Map(), name: "the built-in defaults" },
    ...parsed.map(({ path, values, places }): Layer => ({ source: "file", values, places, name: path })),
    ...environment.values.map(({ variable, key, text }) => layerOf("env", variable, [key, text])),
    ...Object.entries(request.flags ?? {}).map((entry) => layerOf("flag", "the command line", entry)),
  ];
  const merged = merge(layers);
  const faults = parsed.flatMap((file) => file.faults);
  if (faults.length > 0) throw errorOf(faults);
  const checked = Settings.safeParse(merged.values, { reportInput: true });
  const wrong = checked.success ? checkMeaning(checked.data) : faultsOf(Settings, checked.error.issues);
  if (!checked.success || wrong.length > 0)
    throw errorOf(wrong.map((fault) => ({ ...fault, place: placeOf(fault, merged) })));
  return {
    settings: checked.data,
    written: merged.values,
    origins: originsOf(merged),
    files: parsed.map(({ path }) => path),
    digest: createHash("sha256").update(canonical(checked.data)).digest("hex"),
    warnings: environment.warnings,
  };
}

async function settingsPaths(
  { configPath, folder = HOST_FOLDER }: LoadRequest,
  env: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  const asked = configPath ?? env.EXHIBIT_CONFIG;
  if (asked) return [asked];
  const more = join(folder, "conf.d");
  const names = await readdir(more).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw new SettingsError({ file: more }, `cannot be read: ${errnoOf(error) ?? String(error)}`);
  });
  const own = names.filter((name) => name.endsWith(".yaml") && !name.startsWith(".")).toSorted();
  return [join(folder, "exhibit.yaml"), ...own.map((name) => join(more, name))];
}

/** A layer that holds one value: `capture.budget`, `30s`. */
function layerOf(source: "env" | "flag", name: string, [key, text]: readonly [string, string]): Layer {
  const [section = "", ...rest] = key.split(".");
  return {
    source,
    name,
    values: { [section]: { [rest.join(".")]: text } },
    places: new Map([[key, { file: name, key }]]),
  };
}

interface Merged {
  readonly values: WrittenSettings;
  /** By section, or section and key: the layer that has the last word. */
  readonly from: ReadonlyMap<string, Layer>;
}

function merge(layers: readonly Layer[]): Merged {
  const values: Record<string, unknown> = {};
  const from = new Map<string, Layer>();
  for (const layer of layers)
    for (const [section, value] of Object.entries(layer.values)) {
      // A section whose lines are all commented out.
      if (value === null && values[section] !== undefined) continue;
      from.set(section, layer);
      const before = values[section];
      values[section] = isRecord(value) && isRecord(before) ? { ...before, ...value } : value;
      if (isRecord(value)) for (const key of Object.keys(value)) from.set(`${section}.${key}`, layer);
    }
  return { values, from };
}

function layerAt(path: readonly string[], { from }: Merged): Layer | undefined {
  return from.get(path.slice(0, 2).join(".")) ?? from.get(path[0] ?? "");
}

/** Where a key is written; a key that is missing is looked for where it would stand. */
function placeOf({ path }: KeyFault, merged: Merged): SettingsPlace {
  const layer = layerAt(path, merged);
  const key = path.join(".");
  for (let length = path.length; length > 0; length--) {
    const place = layer?.places.get(path.slice(0, length).join("."));
    if (place) return { ...place, key };
  }
  return { file: layer?.name ?? "the settings", key };
}

function originsOf(merged: Merged): Map<string, Origin> {
  const origins = new Map<string, Origin>();
  const visit = (value: unknown, path: readonly string[]) => {
    const children = isRecord(value) ? Object.entries(value) : [];
    for (const [key, child] of children) visit(child, [...path, key]);
    if (path.length === 0 || children.length > 0) return;
    const source = layerAt(path, merged)?.source ?? "default";
    const { file, line } = placeOf({ path, expected: "" }, merged);
    const where =
      source === "default" || source === "flag" ? {} : { file, ...(line === undefined ? {} : { line }) };
    origins.set(path.join("."), { source, ...where });
  };
  visit(merged.values, []);
  return origins;
}

/** One error for all faults: the first has its place, the others follow line by line. */
function errorOf(faults: readonly Fault[]): SettingsError {
  const [first, ...others] = faults;
  const told = others
    .slice(0, MOST_TOLD)
    .map(({ place, expected }) => new SettingsError(place, expected).message);
  if (others.length > MOST_TOLD) told.push(`and ${others.length - MOST_TOLD} more`);
  return new SettingsError(
    first?.place ?? { file: "settings" },
    [first?.expected ?? "wrong", ...told].join("\n"),
  );
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}
