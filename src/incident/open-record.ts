// Which record an incident's notes go to. Adding a kind of record: its settings, its file, its line here.
import { NoteError, SettingsError } from "../errors.ts";
import { secretPath } from "../host/secret-file.ts";
import type { IncidentSettings } from "../settings-incidents.ts";
import { openFileRecord } from "./file-record.ts";
import type { IncidentRecord } from "./record.ts";
import type { Reference } from "./system.ts";
import { openSystemRecord, type EngineOptions } from "./system-record.ts";
import { openAlertmanager } from "./systems/alertmanager.ts";
import { openGithub } from "./systems/github.ts";
import { openGitlab } from "./systems/gitlab.ts";
import { openIrcRecord } from "./systems/irc.ts";
import { openJira } from "./systems/jira.ts";
import { openMattermost } from "./systems/mattermost.ts";
import { openPagerduty } from "./systems/pagerduty.ts";
import { openRt } from "./systems/rt.ts";
import { openSlack } from "./systems/slack.ts";
import { openWebhookRecord } from "./webhook-record.ts";

function matchOf({ match }: IncidentSettings, incident: string): RegExpExecArray | null {
  try {
    return new RegExp(match).exec(incident);
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

/** What the pattern's groups `id` and `project` found. */
function referenceOf<Settings extends IncidentSettings>(
  settings: Settings,
  incident: string,
): Reference<Settings> {
  const groups = matchOf(settings, incident)?.groups ?? {};
  const project = "project" in settings ? settings.project : undefined;
  return { settings, id: groups["id"] ?? incident, project: groups["project"] ?? project };
}

/**
 * The record of the first settings whose pattern matches; `folder` is that of files where the settings name none. Throws
 * SettingsError, and NoteError when no pattern matches: a note in a place that nobody named would be read by nobody; or
 * when the reference cannot be one of the system.
 */
export function openRecord(
  settings: readonly IncidentSettings[],
  incident: string,
  folder: string,
): IncidentRecord {
  const found = settings.find((one) => matchOf(one, incident) !== null);
  if (found === undefined)
    throw new NoteError("no incident record of the settings matches it", {
      retryable: true,
      hint: "post the note to another one: exhibit note ID --to REF; or add a match under incidents in the settings",
    });
  return openFound(found, incident, { folder });
}

/** The record of one entry of the settings. */
export function openFound(
  found: IncidentSettings,
  incident: string,
  { folder, engine = {} }: { readonly folder: string; readonly engine?: EngineOptions },
): IncidentRecord {
  switch (found.type) {
    case "file":
      return openFileRecord(found.path ?? folder);
    case "webhook":
      return openWebhookRecord({ url: found.url, secretFile: secretPath(found.secretFile) });
    case "irc":
      return openIrcRecord(referenceOf(found, incident), engine);
    case "jira":
      return openSystemRecord(openJira(referenceOf(found, incident)), engine);
    case "rt":
      return openSystemRecord(openRt(referenceOf(found, incident)), engine);
    case "github":
      return openSystemRecord(openGithub(referenceOf(found, incident)), engine);
    case "gitlab":
      return openSystemRecord(openGitlab(referenceOf(found, incident)), engine);
    case "pagerduty":
      return openSystemRecord(openPagerduty(referenceOf(found, incident)), engine);
    case "slack":
      return openSystemRecord(openSlack(referenceOf(found, incident)), engine);
    case "mattermost":
      return openSystemRecord(openMattermost(referenceOf(found, incident)), engine);
    case "alertmanager":
      return openSystemRecord(openAlertmanager(referenceOf(found, incident)), engine);
    default:
      return found satisfies never;
  }
}
