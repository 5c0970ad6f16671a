// Where the agent's flight recorder keeps what it saw, and of whom: beside the spool, where captures look for it.
import { dirname, join } from "node:path";
import type { Settings } from "../settings.ts";
import type { TriggerSettings } from "../settings-triggers.ts";

export function recorderFolder(spool: string): string {
  return join(dirname(spool), "recorder");
}

/** A regular expression for what a trigger watches: the unit, or the command of a process without one. */
export function watchedBy({ unit, match }: Pick<TriggerSettings, "unit" | "match">): string {
  return unit === undefined ? (match ?? "") : `^${unitName(unit).replace(/[.\\]/g, "\\$&")}$`;
}

/** With its type. */
export function unitName(unit: string): string {
  return unit.endsWith(".service") ? unit : `${unit}.service`;
}

/** Regular expressions for all that is recorded: what the settings name, and what triggers watch. */
export function recordedServices({ recorder, triggers }: Pick<Settings, "recorder" | "triggers">): string[] {
  return [...new Set([...recorder.services, ...Object.values(triggers).map(watchedBy)])];
}
