// Mattermost, written by hand from the API reference v4 (developers.mattermost.com): users, channels, posts.
import { z } from "zod";
import type { Vendor, Written } from "./vendor.ts";

const TOKEN = "abcdefghijklmnopqrstuvwxyz";
const CHANNEL = "4xp9fdt77pncbef59f4k1qe83o";
const Props = z.record(z.string(), z.unknown()).optional();
const Message = z.string().min(1).max(16_383);
const NewPost = z.strictObject({
  channel_id: z.string().length(26),
  message: Message,
  root_id: z.string().optional(),
  props: Props,
});
const Patch = z.strictObject({ message: Message, props: Props });

const idOf = (index: number) => String(index).padStart(26, "p");

export function mattermostContract(): Vendor {
  const posts: Written[] = [];
  return {
    name: "mattermost",
    reference: `mm:${CHANNEL}`,
    missing: `mm:${"z".repeat(26)}`,
    token: TOKEN,
    settings: { match: "^mm:(?<id>[a-z0-9]{26})$", type: "mattermost" },
    notes: posts,
    addForeign: (text) => posts.push({ id: idOf(posts.length), text, author: "" }),
    contract: {
      isAuthorized: ({ authorization }) => authorization === `Bearer ${TOKEN}`,
      refusal: (status, message) => ({ status, json: { id: "api.error", message, status_code: status } }),
      routes: [
        {
          method: "GET",
          path: /^\/api\/v4\/users\/me$/,
          answer: () => ({ status: 200, json: { id: "me" } }),
        },
        {
          method: "GET",
          path: /^\/api\/v4\/channels\/(?<id>[a-z0-9]{26})$/,
          answer: ({ params }) =>
            params["id"] === CHANNEL
              ? { status: 200, json: { id: CHANNEL, delete_at: 0 } }
              : { status: 404, json: { id: "app.channel.get.existing.app_error", status_code: 404 } },
        },
        {
          method: "GET",
          path: /^\/api\/v4\/channels\/(?<id>[a-z0-9]{26})\/posts$/,
          query: z.strictObject({ since: z.string().regex(/^\d+$/) }),
          answer: ({ params }) =>
            params["id"] === CHANNEL
              ? {
                  status: 200,
                  json: {
                    order: posts.map(({ id }) => id).toReversed(),
                    posts: Object.fromEntries(
                      posts.map(({ id, text, author }) => [
                        id,
                        { id, message: text, user_id: author || "kim", delete_at: 0 },
                      ]),
                    ),
                  },
                }
              : { status: 403, json: { id: "api.context.permissions.app_error", status_code: 403 } },
        },
        {
          method: "POST",
          path: /^\/api\/v4\/posts$/,
          body: NewPost,
          answer: ({ body }) => {
            const post = NewPost.parse(body);
            if (post.channel_id !== CHANNEL) return { status: 403, json: { status_code: 403 } };
            const id = idOf(posts.length);
            posts.push({ id, text: post.message, author: "me" });
            return { status: 201, json: { id, ...post } };
          },
        },
        {
          method: "PUT",
          path: /^\/api\/v4\/posts\/(?<id>\w+)\/patch$/,
          body: Patch,
          answer: ({ params, body }) => {
            const found = posts.find(({ id }) => id === params["id"]);
            if (!found) return { status: 404, json: {} };
            found.text = Patch.parse(body).message;
            return { status: 200, json: { id: found.id } };
          },
        },
      ],
    },
  };
}
