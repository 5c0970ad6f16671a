// GitHub issues, written by hand from docs.github.com/rest/issues (API version 2022-11-28).
import { z } from "zod";
import type { Vendor, Written } from "./vendor.ts";

const TOKEN = "github_pat_11ABCDEFG0123456789";
const Body = z.strictObject({ body: z.string().min(1).max(65_536) });
const Headers = z.looseObject({
  accept: z.literal("application/vnd.github+json"),
  "x-github-api-version": z.literal("2022-11-28"),
});
const Numeral = z.string().regex(/^\d+$/);

const tell = ({ id, text, author }: Written) => ({
  id: Number(id),
  body: text,
  user: { login: author || "kim" },
});

export function githubContract(): Vendor {
  const comments: Written[] = [];
  return {
    name: "github",
    reference: "gh:acme/ops#7",
    missing: "gh:acme/ops#8",
    token: TOKEN,
    settings: { match: String.raw`^gh:(?<project>[\w.-]+/[\w.-]+)#(?<id>\d+)$`, type: "github" },
    notes: comments,
    addForeign: (text) => comments.push({ id: String(1 + comments.length), text, author: "" }),
    contract: {
      isAuthorized: ({ authorization }) => authorization === `Bearer ${TOKEN}`,
      refusal: (status, message) => ({
        status,
        json: { message, documentation_url: "https://docs.github.com/rest" },
      }),
      routes: [
        {
          method: "GET",
          path: /^\/user$/,
          headers: Headers,
          answer: () => ({ status: 200, json: { login: "exhibit-bot", id: 1 } }),
        },
        {
          method: "GET",
          path: /^\/repos\/acme\/ops\/issues\/(?<number>\d+)$/,
          headers: Headers,
          answer: ({ params }) =>
            params["number"] === "7"
              ? { status: 200, json: { number: 7, state: "open" } }
              : { status: 404, json: {} },
        },
        {
          method: "GET",
          path: /^\/repos\/acme\/ops\/issues\/(?<number>\d+)\/comments$/,
          headers: Headers,
          query: z.strictObject({ per_page: Numeral, page: Numeral, since: z.iso.datetime().optional() }),
          answer: ({ params, query }) => {
            if (params["number"] !== "7") return { status: 404, json: {} };
            const size = Math.min(Number(query["per_page"]), 100);
            const start = (Number(query["page"]) - 1) * size;
            return { status: 200, json: comments.slice(start, start + size).map(tell) };
          },
        },
        {
          method: "POST",
          path: /^\/repos\/acme\/ops\/issues\/(?<number>\d+)\/comments$/,
          headers: Headers,
          body: Body,
          answer: ({ params, body }) => {
            if (params["number"] !== "7") return { status: 404, json: {} };
            const comment = {
              id: String(1 + comments.length),
              text: Body.parse(body).body,
              author: "exhibit-bot",
            };
            comments.push(comment);
            return { status: 201, json: tell(comment) };
          },
        },
        {
          method: "PATCH",
          path: /^\/repos\/acme\/ops\/issues\/comments\/(?<id>\d+)$/,
          headers: Headers,
          body: Body,
          answer: ({ params, body }) => {
            const found = comments.find(({ id }) => id === params["id"]);
            if (!found) return { status: 404, json: {} };
            found.text = Body.parse(body).body;
            return { status: 200, json: tell(found) };
          },
        },
      ],
    },
  };
}
