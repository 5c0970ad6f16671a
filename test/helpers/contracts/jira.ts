// Jira, written by hand from developer.atlassian.com/cloud/jira/platform/rest/v3 (issue comments, remote links,
// attachments, permissions, myself) and docs.atlassian.com/software/jira/docs/api/REST/9.12.0 for Data Center.
import { z } from "zod";
import { Adf } from "./adf.ts";
import type { Contract } from "./server.ts";
import type { Vendor, Written } from "./vendor.ts";

const Numeral = z.string().regex(/^\d+$/);
const Properties = z.array(z.strictObject({ key: z.string().max(255), value: z.unknown() })).optional();
const RemoteLink = z.strictObject({
  globalId: z.string().max(255),
  application: z.strictObject({ type: z.string(), name: z.string() }),
  relationship: z.string(),
  object: z.strictObject({ url: z.url(), title: z.string().min(1), summary: z.string() }),
});

const TOKEN = "jira-token-0123456789";
const ME = "5b10a2844c20165700ede21g";
const KEY = "INC-4211";

const textOf = (body: unknown) => (typeof body === "string" ? body : JSON.stringify(body));

/** `cloud` and `datacenter` differ in path, body and authorization. */
export function jiraContract(flavour: "cloud" | "datacenter"): Vendor {
  const isCloud = flavour === "cloud";
  const api = isCloud ? "/rest/api/3" : "/rest/api/2";
  const comments: (Written & { body: unknown })[] = [];
  const links: { globalId: string; object: { url: string } }[] = [];
  const attachments: { filename: string }[] = [];
  const Comment = z.strictObject({
    body: isCloud ? Adf : z.string().min(1).max(32_767),
    properties: Properties,
  });
  const at = (path: string) => new RegExp(`^${api}${path}$`);
  const issue = `/issue/(?<key>[A-Z]+-\\d+)`;
  const author = isCloud ? { accountId: ME } : { name: "exhibit", key: ME };
  const known = (key: string | undefined, json: () => unknown, status = 200) =>
    key === KEY
      ? { status, json: json() }
      : { status: 404, json: { errorMessages: ["Issue does not exist"] } };
  const contract: Contract = {
    isAuthorized: ({ authorization }) =>
      authorization ===
      (isCloud ? `Basic ${Buffer.from(`exhibit@acme.test:${TOKEN}`).toString("base64")}` : `Bearer ${TOKEN}`),
    refusal: (status, message) => ({ status, json: { errorMessages: [message], errors: {} } }),
    routes: [
      { method: "GET", path: at("/myself"), answer: () => ({ status: 200, json: author }) },
      {
        method: "GET",
        path: at("/mypermissions"),
        query: z.strictObject({ issueKey: z.string(), permissions: z.string().min(1) }),
        answer: ({ query }) => ({
          status: 200,
          json: {
            permissions: Object.fromEntries(
              (query["permissions"] ?? "")
                .split(",")
                .map((name) => [name, { key: name, havePermission: true }]),
            ),
          },
        }),
      },
      {
        method: "GET",
        path: at(issue),
        query: z.strictObject({ fields: z.string() }),
        answer: ({ params }) =>
          known(params["key"], () => ({
            key: KEY,
            fields: { status: { statusCategory: { key: "indeterminate" } }, attachment: attachments },
          })),
      },
      {
        method: "GET",
        path: at(`${issue}/comment`),
        query: z.strictObject({
          orderBy: z.enum(["created", "-created", "+created"]),
          startAt: Numeral,
          maxResults: Numeral,
        }),
        answer: ({ params, query }) => {
          const start = Number(query["startAt"]);
          // A site may give fewer than were asked for.
          const page = comments.toReversed().slice(start, start + Math.min(Number(query["maxResults"]), 100));
          return known(params["key"], () => ({
            startAt: start,
            maxResults: 100,
            total: comments.length,
            comments: page.map(({ id, body, author: by }) => ({
              id,
              body,
              created: "2026-11-22T03:13:00.000+0000",
              author: by ? author : { accountId: "x" },
            })),
          }));
        },
      },
      {
        method: "POST",
        path: at(`${issue}/comment`),
        body: Comment,
        answer: ({ params, body }) =>
          known(
            params["key"],
            () => {
              const comment = { id: String(20_000 + comments.length), ...Comment.parse(body) };
              comments.push({ id: comment.id, body: comment.body, text: textOf(comment.body), author: ME });
              return comment;
            },
            201,
          ),
      },
      {
        method: "PUT",
        path: at(`${issue}/comment/(?<id>\\d+)`),
        body: Comment,
        answer: ({ params, body }) => {
          const found = comments.find(({ id }) => id === params["id"]);
          if (!found) return { status: 404, json: {} };
          found.body = Comment.parse(body).body;
          found.text = textOf(found.body);
          return { status: 200, json: { id: found.id } };
        },
      },
      {
        method: "GET",
        path: at(`${issue}/remotelink`),
        query: z.strictObject({ globalId: z.string() }),
        answer: ({ query }) => {
          const found = links.find(({ globalId }) => globalId === query["globalId"]);
          return found ? { status: 200, json: { id: 1, ...found } } : { status: 404, json: {} };
        },
      },
      {
        method: "POST",
        path: at(`${issue}/remotelink`),
        body: RemoteLink,
        answer: ({ body }) => {
          const link = RemoteLink.parse(body);
          const index = links.findIndex(({ globalId }) => globalId === link.globalId);
          if (index >= 0) links[index] = link;
          else links.push(link);
          return { status: index >= 0 ? 200 : 201, json: { id: 10_000, self: "https://x" } };
        },
      },
      {
        method: "GET",
        path: at("/attachment/meta"),
        answer: () => ({ status: 200, json: { enabled: true, uploadLimit: 1000 } }),
      },
      {
        method: "POST",
        path: at(`${issue}/attachments`),
        headers: z.looseObject({
          "x-atlassian-token": z.literal("no-check"),
          "content-type": z.string().regex(/^multipart\/form-data; boundary=/),
        }),
        body: z.string().regex(/name="file"; filename="[\w.-]+"/),
        isForm: true,
        answer: ({ body }) => {
          attachments.push({ filename: /filename="([\w.-]+)"/.exec(String(body))?.[1] ?? "" });
          return { status: 200, json: attachments.slice(-1) };
        },
      },
    ],
  };
  return {
    name: isCloud ? "jira cloud" : "jira data center",
    contract,
    reference: KEY,
    missing: "INC-9",
    token: TOKEN,
    settings: {
      match: String.raw`^INC-\d+$`,
      type: "jira",
      flavour,
      ...(isCloud ? { user: "exhibit@acme.test" } : {}),
    },
    notes: comments,
    links: () => links.map(({ globalId }) => globalId),
    attachments: () => attachments.map(({ filename }) => filename),
    addForeign: (text) => {
      const paragraph = { type: "paragraph", content: [{ type: "text", text }] };
      const body = isCloud ? { version: 1, type: "doc", content: [paragraph] } : text;
      comments.push({ id: String(20_000 + comments.length), body, text, author: "" });
    },
  };
}
