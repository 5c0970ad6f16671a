// PagerDuty incidents (developer.pagerduty.com, REST API v2): a note of plain text, with the link in it. Success is 200 or 201.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import type { Note } from "../note.ts";
import { renderText } from "../render-text.ts";
import { segments } from "../site.ts";
import type { Reference, System } from "../system.ts";

const Incident = z
  .object({ incident: z.object({ status: z.string() }) })
  .transform(({ incident }) => (incident.status === "resolved" ? "the incident is resolved" : undefined));
const Notes = z
  .object({ notes: z.array(z.object({ id: z.string(), content: z.string() })) })
  .transform(({ notes }) => ({ entries: notes.map(({ id, content }) => ({ id, text: content })) }));

const body = (note: Note) => ({ note: { content: renderText(note).trimEnd() } });

export function openPagerduty({ settings, id }: Reference<SettingsOf<"pagerduty">>): System {
  if (!/^[A-Z0-9]{5,20}$/.test(id))
    throw new NoteError("is no id of a PagerDuty incident", {
      retryable: true,
      hint: "give match a group for it: ^pd:(?<id>[A-Z0-9]+)$",
    });
  const notes = `${segments("incidents", id)}/notes`;
  return {
    type: "pagerduty",
    where: `PagerDuty incident ${id}`,
    site: {
      url: settings.url,
      // From must be a user of the account; without it 400.
      headers: { accept: "application/vnd.pagerduty+json;version=2", from: settings.from },
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ authorization: `Token token=${token}` }),
      },
      rights:
        "an API key that may write (not read-only), and From the address of a user who may see the incident",
    },
    look: { what: `read incident ${id}`, method: "GET", path: segments("incidents", id), answer: Incident },
    list: () => ({ what: `read the notes of incident ${id}`, method: "GET", path: notes, answer: Notes }),
    post: (note) => ({
      what: `write a note on incident ${id}`,
      method: "POST",
      path: notes,
      json: body(note),
      answer: z.object({ note: z.object({ id: z.string() }) }),
    }),
    edit: (entry, note) => ({
      what: `change our note on incident ${id}`,
      method: "PUT",
      path: `${notes}${segments(entry.id)}`,
      json: body(note),
      answer: z.unknown(),
    }),
  };
}
