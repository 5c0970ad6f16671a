// GitHub issues (docs.github.com/rest/issues/comments). The marker is a comment of HTML, which pages do not show.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import type { Note } from "../note.ts";
import { oldestOf } from "../oldest.ts";
import { renderMarkdown } from "../render-markdown.ts";
import { segments } from "../site.ts";
import type { Reference, System } from "../system.ts";
import { markerOf } from "../wording.ts";

const PAGE = 100;

const Self = z.object({ login: z.string() }).transform(({ login }) => login);
const Issue = z
  .object({ state: z.string() })
  .transform(({ state }) =>
    state === "open" ? undefined : `the issue is ${state === "closed" ? state : "not open"}`,
  );
const Comments = z.array(
  z.object({ id: z.int(), user: z.object({ login: z.string() }).nullish(), body: z.string().nullish() }),
);

const body = (note: Note) => ({ body: renderMarkdown(note, `<!-- ${markerOf(note)} -->`) });

export function openGithub({ settings, id, project }: Reference<SettingsOf<"github">>): System {
  const [owner, repository, ...more] = (project ?? "").split("/");
  if (!owner || !repository || more.length > 0 || !/^\d{1,10}$/.test(id))
    throw new NoteError("does not name a repository and the number of an issue", {
      retryable: true,
      hint: String.raw`give match groups for them: ^gh:(?<project>[\w.-]+/[\w.-]+)#(?<id>\d+)$; or set project`,
    });
  const api = segments("repos", owner, repository);
  const issue = `${api}${segments("issues", id)}`;
  const page =
    settings.url === "https://api.github.com" ? "https://github.com" : new URL(settings.url).origin;
  return {
    type: "github",
    where: `${page}${segments(owner, repository, "issues", id)}`,
    site: {
      url: settings.url,
      headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ authorization: `Bearer ${token}` }),
      },
      rights: "a fine-grained token for the one repository with Issues: read and write",
    },
    whoami: { what: "see who we are", method: "GET", path: "/user", answer: Self },
    look: { what: `read issue ${id}`, method: "GET", path: issue, answer: Issue },
    list: (note, at = "1") => ({
      what: `read the comments of issue ${id}`,
      method: "GET",
      path: `${issue}/comments`,
      query: { per_page: String(PAGE), page: at, since: new Date(oldestOf(note)).toISOString() },
      answer: Comments.transform((comments) => ({
        entries: comments.map((one) => ({
          id: String(one.id),
          author: one.user?.login,
          text: one.body ?? "",
        })),
        next: comments.length === PAGE ? String(Number(at) + 1) : undefined,
      })),
    }),
    post: (note) => ({
      what: `comment on issue ${id}`,
      method: "POST",
      path: `${issue}/comments`,
      json: body(note),
      answer: z.object({ id: z.int() }),
    }),
    edit: (entry, note) => ({
      what: `change our comment on issue ${id}`,
      method: "PATCH",
      path: `${api}/issues/comments${segments(entry.id)}`,
      json: body(note),
      answer: z.unknown(),
    }),
  };
}
