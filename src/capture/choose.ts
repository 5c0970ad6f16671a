// Which collectors a capture runs: a profile, narrowed by --only and --skip, with options from the settings. Tool names
// (prstat, gcore) work wherever collector names do.
import type { Collector } from "../collectors/collector.ts";
import { collectors, findCollector } from "../collectors/index.ts";
import { ownCollector } from "../collectors/own.ts";
import { profiles as builtIn } from "../collectors/profiles.ts";
import recorder from "../collectors/recorder.ts";
import { SettingsError, UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { Profile, Settings } from "../settings.ts";
import { recordedServices, recorderFolder } from "./recorder-folder.ts";

export interface Choice {
  readonly collector: Collector;
  readonly options: unknown;
  /** Named by --only: when it is unsupported, something is missing. */
  readonly asked?: true;
}

export interface Chosen {
  readonly profile: string;
  readonly windowMs: number;
  readonly choices: readonly Choice[];
}

/** All collectors by name: ours, and those of the settings. */
export function allCollectors(settings: Settings): ReadonlyMap<string, Collector> {
  const all = new Map(collectors.map((collector) => [collector.name, collector]));
  for (const [name, own] of Object.entries(settings.collectors))
    if ("argv" in own) all.set(name, ownCollector(name, own));
  if (recordedServices(settings).length > 0) all.set(recorder.name, recorder);
  return all;
}

/** The profile of a name: the settings' own, else a built-in one. Throws UsageError with those there are. */
export function findProfile(settings: Settings, name: string): Profile {
  const all = new Map([...Object.entries(builtIn), ...Object.entries(settings.profiles)]);
  const found = all.get(name);
  if (found) return found;
  throw new UsageError(`no profile is called ${printable(name)}`, {
    hint: `there are: ${[...all.keys()].join(", ")}`,
  });
}

function splitNames(text: string | undefined): readonly string[] {
  return text === undefined
    ? []
    : text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "");
}

/** Throws UsageError for a name that is none, SettingsError for options that a collector does not take. */
export function chooseCollectors(
  settings: Settings,
  asked: Readonly<Partial<Record<"profile" | "only" | "skip" | "core", string | undefined>>> & {
    /** A heap snapshot is asked for; for how long it may stop the target, or that its price is to be told. */
    readonly heapSnapshot?: { readonly acceptPauseMs?: number } | undefined;
  },
): Chosen {
  const all = allCollectors(settings);
  const resolve = (name: string): string => findCollector(name, [...all.values()]).name;
  const profileName = asked.profile ?? settings.capture.profile;
  const profile = findProfile(settings, profileName);
  const listed = profile.collectors.map((entry) =>
    typeof entry === "string" ? { name: entry, options: {} } : entry,
  );
  const only = splitNames(asked.only).map(resolve);
  const skip = new Set(splitNames(asked.skip).map(resolve));
  if (asked.core === "none") skip.add("core");
  if (asked.only !== undefined && only.length === 0)
    throw new UsageError("--only names no collector", { hint: "leave it out to run all of the profile" });
  const snapshot = asked.heapSnapshot === undefined ? [] : ["heap-snapshot"];
  const ofProfile = [...listed.map(({ name }) => resolve(name)), ...ownNames(settings)];
  const names = [...(only.length > 0 ? only : ofProfile), ...snapshot];

  const choices = [...new Set(names)]
    .filter((name) => !skip.has(name))
    .flatMap((name): Choice[] => {
      const collector = all.get(name);
      if (!collector) return [];
      const fromSettings = settings.collectors[name];
      const set = fromSettings && "options" in fromSettings ? fromSettings.options : {};
      const fromProfile = listed.find((entry) => resolve(entry.name) === name)?.options ?? {};
      const core =
        name === "core" && asked.core !== undefined && asked.core !== "none" ? { method: asked.core } : {};
      const recorded = name === recorder.name ? recorderOptions(settings) : {};
      const snapshotOptions = snapshot.includes(name) ? asked.heapSnapshot : {};
      const options = checked(collector, {
        ...recorded,
        ...set,
        ...fromProfile,
        ...core,
        ...snapshotOptions,
      });
      return [{ collector, options, ...(only.length > 0 || snapshot.includes(name) ? { asked: true } : {}) }];
    });
  if (choices.length === 0)
    throw new UsageError("no collector is left to run", { hint: "--only and --skip leave nothing" });
  return { profile: profileName, windowMs: profile.window ?? settings.capture.window, choices };
}

/** Collectors of one's own run with every profile: who wrote one wants it. So does what was recorded before. */
function ownNames(settings: Settings): readonly string[] {
  const own = Object.entries(settings.collectors).flatMap(([name, one]) => ("argv" in one ? [name] : []));
  return recordedServices(settings).length > 0 ? [recorder.name, ...own] : own;
}

function recorderOptions(settings: Settings): Record<string, unknown> {
  const { spool, recorder: recorded } = settings;
  return {
    folder: recorderFolder(spool.path),
    beforeMs: recorded.before,
    services: recordedServices(settings),
  };
}

function checked(collector: Collector, options: Record<string, unknown>): unknown {
  const result = collector.options.safeParse(options);
  if (result.success) return options;
  const issue = result.error.issues[0];
  const key = ["collectors", collector.name, "options", ...(issue?.path ?? [])].join(".");
  throw new SettingsError({ file: "settings", key }, issue?.message ?? "not an option of this collector");
}
