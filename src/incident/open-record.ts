// Which record an incident's notes go to. Adding a kind of record: its settings, its file, its line here.
import { NoteError, SettingsError } from "../errors.ts";
import { secretPath } from "../host/secret-file.ts";
import type { IncidentSettings } from "../settings.ts";
import { openFileRecord } from "./file-record.ts";
import type { IncidentRecord } from "./record.ts";
import { openWebhookRecord } from "./webhook-record.ts";

function matches({ match }: IncidentSettings, incident: string): boolean {
  try {
    return new RegExp(match).test(incident);
  } catch (error) {
    throw new SettingsError(
      { file: "settings", key: "incidents.match" },
      `expected a regular expression, found ${match}`,
      {
        cause: error,
      },
    );
  }
}

/**
 * The record of the first settings whose pattern matches; `folder` is that of files where the settings name none. Throws
 * SettingsError, and NoteError when no pattern matches: a note in a place that nobody named would be read by nobody.
 */
export function openRecord(
  settings: readonly IncidentSettings[],
  incident: string,
  folder: string,
): IncidentRecord {
  const found = settings.find((one) => matches(one, incident));
  if (found === undefined)
    throw new NoteError("no incident record of the settings matches it", {
      retryable: true,
      hint: "post the note to another one: exhibit note ID --to REF; or add a match under incidents in the settings",
    });
  if (found.type === "webhook")
    return openWebhookRecord({ url: found.url, secretFile: secretPath(found.secretFile) });
  return openFileRecord(found.path ?? folder);
}
