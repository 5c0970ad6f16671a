// Jira Cloud (REST v3, ADF) and Data Center (REST v2, wiki markup).
// developer.atlassian.com/cloud/jira/platform/rest/v3/, docs.atlassian.com/software/jira/docs/api/REST/.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import type { Note } from "../note.ts";
import { mayGoOn } from "../oldest.ts";
import { adfText, renderAdf } from "../render-adf.ts";
import { renderWiki } from "../render-wiki.ts";
import { segments } from "../site.ts";
import type { Page, Reference, System } from "../system.ts";
import { linkTarget, markerId } from "../wording.ts";

const PAGE = 100;

const Self = z
  .object({ accountId: z.string().optional(), key: z.string().optional() })
  .transform(({ accountId, key }) => accountId ?? key ?? "");
const Issue = z
  .object({ fields: z.object({ status: z.object({ statusCategory: z.object({ key: z.string() }) }) }) })
  .transform(({ fields }) =>
    fields.status.statusCategory.key === "done" ? "the issue is closed" : undefined,
  );
const Permissions = z
  .object({ permissions: z.record(z.string(), z.object({ havePermission: z.boolean() })) })
  .transform(({ permissions }) => {
    const missing = Object.entries(permissions).flatMap(([name, { havePermission }]) =>
      havePermission ? [] : [name],
    );
    return missing.length === 0 ? undefined : missing.join(", ");
  });
const Comments = z.object({
  startAt: z.int(),
  total: z.int(),
  comments: z.array(
    z.object({
      id: z.string(),
      author: z.object({ accountId: z.string().optional(), key: z.string().optional() }).optional(),
      body: z.unknown(),
      created: z.string().optional(),
    }),
  ),
});

/** The newest come first. */
function pageOf(note: Note, { startAt, total, comments }: z.infer<typeof Comments>): Page {
  const end = startAt + comments.length;
  const isMore = comments.length > 0 && end < total && mayGoOn(note, comments.at(-1)?.created);
  return {
    entries: comments.map(({ id, author, body }) => ({
      id,
      author: author?.accountId ?? author?.key,
      text: typeof body === "string" ? body : adfText(body),
    })),
    next: isMore ? String(end) : undefined,
  };
}

const Link = z.object({ object: z.object({ url: z.string() }) });
const Links = z.union([z.array(Link), Link.transform((one) => [one])]);
const Limit = z
  .object({ enabled: z.boolean(), uploadLimit: z.int().optional() })
  .transform(({ enabled, uploadLimit }) => (enabled ? (uploadLimit ?? 10 * 1024 ** 2) : 0));
const Names = z
  .object({ fields: z.object({ attachment: z.array(z.object({ filename: z.string() })).default([]) }) })
  .transform(({ fields }) => fields.attachment.map(({ filename }) => filename));

/** The comments of Jira Service Management are for its customers unless they are internal. */
const INTERNAL = [{ key: "sd.public.comment", value: { internal: true } }];

const globalId = (note: Note) => `exhibit=${markerId(note.captureId)}`;

export function openJira({ settings, id }: Reference<SettingsOf<"jira">>): System {
  if (!/^[A-Za-z][A-Za-z0-9_]*-\d{1,10}$/.test(id))
    throw new NoteError("is no key of a Jira issue, such as INC-4211", {
      retryable: true,
      hint: "correct it: exhibit note ID --to REF; or give match a group (?<id>...)",
    });
  const isCloud = settings.flavour === "cloud";
  const api = isCloud ? "/rest/api/3" : "/rest/api/2";
  const issue = `${api}${segments("issue", id)}`;
  const path = secretPath(settings.tokenFile);
  const write = (note: Note) => ({
    body: isCloud ? renderAdf(note) : renderWiki(note),
    ...(settings.internal ? { properties: INTERNAL } : {}),
  });
  return {
    type: "jira",
    where: `${settings.url.replace(/\/+$/, "")}/browse/${id}`,
    site: {
      url: settings.url,
      headers: {},
      secret: {
        path,
        headers: (token) => ({
          authorization: isCloud
            ? `Basic ${token === "***" ? token : Buffer.from(`${settings.user}:${token}`).toString("base64")}`
            : `Bearer ${token}`,
        }),
      },
      rights: "Browse projects, Add comments, Edit own comments, Link issues",
    },
    whoami: { what: "see who we are", method: "GET", path: `${api}/myself`, answer: Self },
    look: { what: `read ${id}`, method: "GET", path: issue, query: { fields: "status" }, answer: Issue },
    rights: {
      what: "read our permissions",
      method: "GET",
      path: `${api}/mypermissions`,
      query: { issueKey: id, permissions: "ADD_COMMENTS,EDIT_OWN_COMMENTS,LINK_ISSUES" },
      answer: Permissions,
    },
    list: (note, page = "0") => ({
      what: `read the comments of ${id}`,
      method: "GET",
      path: `${issue}/comment`,
      query: { orderBy: "-created", startAt: page, maxResults: String(PAGE) },
      answer: Comments.transform((comments) => pageOf(note, comments)),
    }),
    post: (note) => ({
      what: `comment on ${id}`,
      method: "POST",
      path: `${issue}/comment`,
      json: write(note),
      answer: z.object({ id: z.string() }),
    }),
    edit: (entry, note) => ({
      what: `change our comment on ${id}`,
      method: "PUT",
      path: `${issue}/comment${segments(entry.id)}`,
      json: write(note),
      answer: z.unknown(),
    }),
    link: (note) => {
      const url = linkTarget(note.bundle.url);
      if (url === undefined) return undefined;
      return {
        put: {
          what: `link ${id} to the bundle`,
          method: "POST",
          path: `${issue}/remotelink`,
          // Fields without a value are set to null: always the whole object.
          json: {
            globalId: globalId(note),
            application: { type: "dev.exhibit", name: "Exhibit" },
            relationship: "evidence",
            object: {
              url,
              title: `Evidence ${markerId(note.captureId)}`,
              summary: "Saved before the mitigation",
            },
          },
          answer: z.unknown(),
          // An upsert by globalId.
          repeatable: true,
        },
        check: {
          what: `read the links of ${id}`,
          method: "GET",
          path: `${issue}/remotelink`,
          query: { globalId: globalId(note) },
          answer: Links.transform((links) => links.some(({ object }) => object.url === url)),
        },
      };
    },
    files: {
      limit: {
        what: "read the limit of attachments",
        method: "GET",
        path: `${api}/attachment/meta`,
        answer: Limit,
      },
      names: () => ({
        what: `read the attachments of ${id}`,
        method: "GET",
        path: issue,
        query: { fields: "attachment" },
        answer: Names,
      }),
      add: (_note, file) => {
        const form = new FormData();
        form.append("file", new Blob([new Uint8Array(file.bytes)], { type: file.mediaType }), file.name);
        return {
          what: `attach a file to ${id}`,
          method: "POST",
          path: `${issue}/attachments`,
          // Without it the XSRF check answers 403.
          headers: { "x-atlassian-token": "no-check" },
          form,
          answer: z.unknown(),
        };
      },
    },
  };
}
