// Request Tracker 5, REST 2.0 (docs.bestpractical.com/rt/latest/RT/REST2.html). The id is in the Subject of the comment:
// it becomes the transaction's Data, and one search finds it. A refusal often comes as 400, or as 200 with a message, so
// everything is read back.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import { renderHtml, renderHtmlFollowUp } from "../render-html.ts";
import { segments } from "../site.ts";
import type { Reference, System } from "../system.ts";
import { linkTarget, markerOf } from "../wording.ts";

const PAGE = 100;
/** The site's own limit (MaxAttachmentSize) is not told by its API. */
const LARGEST_FILE_BYTES = 8 * 1024 ** 2;

const Hyperlinks = z.object({
  Status: z.string().optional(),
  _hyperlinks: z.array(z.object({ ref: z.string(), _url: z.string().optional() })).default([]),
});
const Ticket = Hyperlinks.transform(({ Status }) =>
  ["resolved", "rejected", "deleted"].includes(Status ?? "") ? `the ticket is ${Status}` : undefined,
);
/** A ticket links to `comment` when we may. */
const Rights = Hyperlinks.transform((ticket) =>
  ticket._hyperlinks.some(({ ref }) => ref === "comment") ? undefined : "CommentOnTicket",
);
/** How many pages there are is not told where the search is filtered by rights (RT 5.0.3). */
const Transactions = z
  .object({
    page: z.int(),
    next_page: z.string().nullish(),
    items: z.array(z.object({ id: z.coerce.string(), Data: z.string().nullish() })),
  })
  .transform(({ page, next_page: more, items }) => ({
    entries: items.map(({ id, Data }) => ({ id, text: Data ?? "" })),
    next: more || items.length >= PAGE ? String(page + 1) : undefined,
  }));

/** A ticket that is not there, or not for us, is a 400 (RT 5.0.3). */
function statusOf(status: number, json: unknown): number {
  const message = z.object({ message: z.string() }).safeParse(json);
  return status === 400 && message.success && message.data.message === "Permission Denied" ? 404 : status;
}

export function openRt({ settings, id }: Reference<SettingsOf<"rt">>): System {
  if (!/^\d{1,12}$/.test(id))
    throw new NoteError("is no number of a ticket", {
      retryable: true,
      hint: String.raw`give match a group for it: ^rt:(?<id>\d+)$`,
    });
  const api = "/REST/2.0";
  const ticket = `${api}${segments("ticket", id)}`;
  const comment = (subject: string, content: string, more: object = {}) => ({
    what: `comment on ticket ${id}`,
    method: "POST" as const,
    path: `${ticket}/comment`,
    json: { Subject: subject, ContentType: "text/html", Content: content, ...more },
    answer: z.array(z.string()),
  });
  const transactions = (page: string) => ({
    what: `read the comments of ticket ${id}`,
    method: "POST" as const,
    path: `${api}/transactions`,
    query: { fields: "Data", per_page: String(PAGE), page },
    json: [
      { field: "ObjectType", value: "RT::Ticket" },
      { field: "ObjectId", value: id },
      { field: "Type", value: "Comment" },
    ],
    repeatable: true as const,
  });
  return {
    type: "rt",
    where: `${settings.url.replace(/\/+$/, "")}/Ticket/Display.html?id=${id}`,
    site: {
      url: settings.url,
      headers: {},
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ authorization: `token ${token}` }),
      },
      rights: "ShowTicket, SeeQueue, CommentOnTicket, ShowTicketComments, ModifyTicket",
      statusOf,
    },
    look: { what: `read ticket ${id}`, method: "GET", path: ticket, answer: Ticket },
    rights: { what: `read ticket ${id}`, method: "GET", path: ticket, answer: Rights },
    list: (_note, page = "1") => ({ ...transactions(page), answer: Transactions }),
    post: (note, kind) =>
      comment(`Evidence ${markerOf(note)}`, kind === "whole" ? renderHtml(note) : renderHtmlFollowUp(note)),
    link: (note) => {
      const url = linkTarget(note.bundle.url);
      if (url === undefined) return undefined;
      return {
        // RefersTo would replace the links that are there.
        put: {
          what: `link ticket ${id} to the bundle`,
          method: "PUT",
          path: ticket,
          json: { AddRefersTo: [url] },
          answer: z.unknown(),
        },
        check: {
          what: `read the links of ticket ${id}`,
          method: "GET",
          path: ticket,
          answer: Hyperlinks.transform(({ _hyperlinks }) =>
            _hyperlinks.some(({ ref, _url }) => ref === "refers-to" && _url === url),
          ),
        },
      };
    },
    files: {
      limit: {
        what: `read ticket ${id}`,
        method: "GET",
        path: ticket,
        answer: z.unknown().transform(() => LARGEST_FILE_BYTES),
      },
      names: () => ({
        ...transactions("1"),
        answer: Transactions.transform(({ entries }) => entries.map(({ text }) => text)),
      }),
      add: (_note, file) =>
        comment(`Attached ${file.name}`, "<p>See the file.</p>", {
          Attachments: [
            {
              FileName: file.name,
              FileType: file.mediaType,
              FileContent: Buffer.from(file.bytes).toString("base64"),
            },
          ],
        }),
    },
  };
}
