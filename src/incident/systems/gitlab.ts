// GitLab issues (docs.gitlab.com/api/notes). The note is internal unless the settings say otherwise.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import type { Note } from "../note.ts";
import { mayGoOn } from "../oldest.ts";
import { renderMarkdown } from "../render-markdown.ts";
import { segments } from "../site.ts";
import type { Reference, System } from "../system.ts";
import { markerOf } from "../wording.ts";

const PAGE = 100;

const Self = z.object({ id: z.int() }).transform(({ id }) => String(id));
const Issue = z
  .object({ state: z.string() })
  .transform(({ state }) => (state === "closed" ? "the issue is closed" : undefined));
const Notes = z.array(
  z.object({
    id: z.int(),
    author: z.object({ id: z.int() }),
    body: z.string(),
    created_at: z.string().optional(),
  }),
);

const body = (note: Note) => renderMarkdown(note, `<!-- ${markerOf(note)} -->`);

export function openGitlab({ settings, id, project }: Reference<SettingsOf<"gitlab">>): System {
  if (project === undefined || !/^\d{1,10}$/.test(id))
    throw new NoteError("does not name a project and the number of an issue", {
      retryable: true,
      hint: String.raw`give match groups for them: ^gl:(?<project>[\w./-]+)#(?<id>\d+)$; or set project`,
    });
  // The path of a project is one segment: group%2Fproject.
  const issue = `/api/v4${segments("projects", project, "issues", id)}`;
  return {
    type: "gitlab",
    where: `${settings.url.replace(/\/+$/, "")}${project
      .split("/")
      .map((one) => segments(one))
      .join("")}/-/issues/${id}`,
    site: {
      url: settings.url,
      headers: {},
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ "private-token": token }),
      },
      rights: "a project access token with scope api and the role Reporter",
    },
    whoami: { what: "see who we are", method: "GET", path: "/api/v4/user", answer: Self },
    look: { what: `read issue ${id}`, method: "GET", path: issue, answer: Issue },
    list: (note, at = "1") => ({
      what: `read the notes of issue ${id}`,
      method: "GET",
      path: `${issue}/notes`,
      query: { order_by: "created_at", sort: "desc", per_page: String(PAGE), page: at },
      answer: Notes.transform((notes) => ({
        entries: notes.map((one) => ({ id: String(one.id), author: String(one.author.id), text: one.body })),
        next:
          notes.length === PAGE && mayGoOn(note, notes.at(-1)?.created_at)
            ? String(Number(at) + 1)
            : undefined,
      })),
    }),
    post: (note) => ({
      what: `write a note on issue ${id}`,
      method: "POST",
      path: `${issue}/notes`,
      json: { body: body(note), internal: settings.internal },
      answer: z.object({ id: z.int() }),
    }),
    edit: (entry, note) => ({
      what: `change our note on issue ${id}`,
      method: "PUT",
      path: `${issue}/notes${segments(entry.id)}`,
      json: { body: body(note) },
      answer: z.unknown(),
    }),
  };
}
