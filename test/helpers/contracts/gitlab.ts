// GitLab issues, written by hand from docs.gitlab.com/api/notes, /api/issues and /api/users (v4).
import { z } from "zod";
import type { Vendor, Written } from "./vendor.ts";

const TOKEN = "glpat-0123456789abcdefghij";
const Numeral = z.string().regex(/^\d+$/);
const NewNote = z.strictObject({ body: z.string().min(1).max(1_000_000), internal: z.boolean().optional() });
const ChangedNote = z.strictObject({ body: z.string().min(1).max(1_000_000) });

const tell = ({ id, text, author }: Written) => ({
  id: Number(id),
  body: text,
  author: { id: author === "" ? 2 : 77, username: "x" },
  internal: true,
  created_at: "2026-11-22T03:13:00.000Z",
});

export function gitlabContract(): Vendor {
  const notes: Written[] = [];
  const issue = String.raw`/api/v4/projects/acme%2Fops%2Fweb/issues/(?<iid>\d+)`;
  return {
    name: "gitlab",
    reference: "gl:acme/ops/web#7",
    missing: "gl:acme/ops/web#8",
    token: TOKEN,
    settings: { match: String.raw`^gl:(?<project>[\w./-]+)#(?<id>\d+)$`, type: "gitlab" },
    notes,
    addForeign: (text) => notes.push({ id: String(1 + notes.length), text, author: "" }),
    contract: {
      isAuthorized: (headers) => headers["private-token"] === TOKEN,
      routes: [
        { method: "GET", path: /^\/api\/v4\/user$/, answer: () => ({ status: 200, json: { id: 77 } }) },
        {
          method: "GET",
          path: new RegExp(`^${issue}$`),
          answer: ({ params }) =>
            params["iid"] === "7"
              ? { status: 200, json: { iid: 7, state: "opened" } }
              : { status: 404, json: { message: "404 Not found" } },
        },
        {
          method: "GET",
          path: new RegExp(`^${issue}/notes$`),
          query: z.strictObject({
            order_by: z.enum(["created_at", "updated_at"]),
            sort: z.enum(["asc", "desc"]),
            per_page: Numeral,
            page: Numeral,
          }),
          answer: ({ params, query }) => {
            if (params["iid"] !== "7") return { status: 404, json: { message: "404 Not found" } };
            const size = Math.min(Number(query["per_page"]), 100);
            const start = (Number(query["page"]) - 1) * size;
            return {
              status: 200,
              json: notes
                .toReversed()
                .slice(start, start + size)
                .map(tell),
            };
          },
        },
        {
          method: "POST",
          path: new RegExp(`^${issue}/notes$`),
          body: NewNote,
          answer: ({ params, body }) => {
            if (params["iid"] !== "7") return { status: 404, json: { message: "404 Not found" } };
            const note = { id: String(1 + notes.length), text: NewNote.parse(body).body, author: "77" };
            notes.push(note);
            return { status: 201, json: tell(note) };
          },
        },
        {
          method: "PUT",
          path: new RegExp(`^${issue}/notes/(?<id>\\d+)$`),
          body: ChangedNote,
          answer: ({ params, body }) => {
            const found = notes.find(({ id }) => id === params["id"]);
            if (!found) return { status: 404, json: {} };
            found.text = ChangedNote.parse(body).body;
            return { status: 200, json: tell(found) };
          },
        },
      ],
    },
  };
}
