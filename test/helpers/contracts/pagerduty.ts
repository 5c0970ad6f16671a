// PagerDuty incidents, written by hand from developer.pagerduty.com (REST API v2: incidents, notes, errors).
import { z } from "zod";
import type { Vendor, Written } from "./vendor.ts";

const TOKEN = "u+abcdefghijklmnop";
const Body = z.strictObject({ note: z.strictObject({ content: z.string().min(1).max(25_000) }) });
const Headers = z.looseObject({
  accept: z.literal("application/vnd.pagerduty+json;version=2"),
  from: z.email(),
});

const tell = ({ id, text }: Written) => ({ id, content: text, created_at: "2026-11-22T03:12:07Z" });

export function pagerdutyContract(): Vendor {
  const notes: Written[] = [];
  return {
    name: "pagerduty",
    reference: "pd:Q1ABCDE",
    missing: "pd:Q9ZZZZZ",
    token: TOKEN,
    settings: { match: "^pd:(?<id>[A-Z0-9]+)$", type: "pagerduty", from: "exhibit@acme.test" },
    notes,
    addForeign: (text) => notes.push({ id: `PN${notes.length}`, text, author: "" }),
    contract: {
      isAuthorized: ({ authorization }) => authorization === `Token token=${TOKEN}`,
      refusal: (status, message) => ({ status, json: { error: { message, code: 2001 } } }),
      routes: [
        {
          method: "GET",
          path: /^\/incidents\/(?<id>[A-Z0-9]+)$/,
          headers: Headers,
          answer: ({ params }) =>
            params["id"] === "Q1ABCDE"
              ? { status: 200, json: { incident: { id: "Q1ABCDE", status: "triggered" } } }
              : { status: 404, json: { error: { message: "Not Found", code: 2100 } } },
        },
        {
          method: "GET",
          path: /^\/incidents\/(?<id>[A-Z0-9]+)\/notes$/,
          headers: Headers,
          answer: ({ params }) =>
            params["id"] === "Q1ABCDE"
              ? { status: 200, json: { notes: notes.map(tell) } }
              : { status: 404, json: { error: { message: "Not Found", code: 2100 } } },
        },
        {
          method: "POST",
          path: /^\/incidents\/(?<id>[A-Z0-9]+)\/notes$/,
          headers: Headers,
          body: Body,
          answer: ({ params, body }) => {
            if (params["id"] !== "Q1ABCDE")
              return { status: 404, json: { error: { message: "Not Found", code: 2100 } } };
            const note = { id: `PN${notes.length}`, text: Body.parse(body).note.content, author: "me" };
            notes.push(note);
            // 200, and not 201.
            return { status: 200, json: { note: tell(note) } };
          },
        },
        {
          method: "PUT",
          path: /^\/incidents\/Q1ABCDE\/notes\/(?<id>PN\d+)$/,
          headers: Headers,
          body: Body,
          answer: ({ params, body }) => {
            const found = notes.find(({ id }) => id === params["id"]);
            if (!found) return { status: 404, json: {} };
            found.text = Body.parse(body).note.content;
            return { status: 200, json: { note: tell(found) } };
          },
        },
      ],
    },
  };
}
