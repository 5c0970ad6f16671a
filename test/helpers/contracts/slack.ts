// Slack, written by hand from docs.slack.dev/reference/methods (auth.test, conversations.history, chat.postMessage,
// chat.update). A refusal comes with status 200 and ok: false.
import { z } from "zod";
import { SlackBlocks } from "./slack-blocks.ts";
import type { Answer } from "./server.ts";
import type { Vendor, Written } from "./vendor.ts";

const TOKEN = "xoxb-000000000000-000000000000-abcdefabcdef";
const Text = z
  .string()
  .min(1)
  .max(40_000)
  .regex(/^(?:[^<>&]|&(?:amp|lt|gt);)*$/, "unescaped");
const Message = z.strictObject({
  channel: z.string(),
  text: Text,
  mrkdwn: z.boolean().optional(),
  blocks: SlackBlocks,
  unfurl_links: z.boolean().optional(),
  unfurl_media: z.boolean().optional(),
  thread_ts: z.string().optional(),
});
const Update = z.strictObject({ channel: z.string(), ts: z.string(), text: Text, blocks: SlackBlocks });

const ERRORS: Readonly<Record<number, string>> = {
  401: "invalid_auth",
  403: "missing_scope",
  404: "channel_not_found",
  503: "service_unavailable",
};
const no = (error: string): Answer => ({ status: 200, json: { ok: false, error } });

export function slackContract(): Vendor {
  const messages: Written[] = [];
  return {
    name: "slack",
    reference: "chat:C0123456789",
    missing: "chat:C0000000000",
    token: TOKEN,
    settings: { match: "^chat:(?<id>C[A-Z0-9]+)$", type: "slack" },
    notes: messages,
    addForeign: (text) =>
      messages.push({ id: `${1_800_000_000 + messages.length}.000100`, text, author: "" }),
    contract: {
      isAuthorized: ({ authorization }) => authorization === `Bearer ${TOKEN}`,
      refusal: (status, message) => (ERRORS[status] ? no(ERRORS[status]) : { status, json: { message } }),
      routes: [
        {
          method: "POST",
          path: /^\/auth\.test$/,
          body: z.strictObject({}),
          answer: () => ({ status: 200, json: { ok: true, user_id: "U0BOT" } }),
        },
        {
          method: "GET",
          path: /^\/conversations\.history$/,
          query: z.strictObject({
            channel: z.string(),
            limit: z.string().regex(/^\d+$/),
            oldest: z
              .string()
              .regex(/^\d+(?:\.\d+)?$/)
              .optional(),
            cursor: z.string().optional(),
          }),
          answer: ({ query }) => {
            if (query["channel"] !== "C0123456789") return no("channel_not_found");
            const start = Number(query["cursor"] ?? 0);
            // The newest first, and fewer than were asked for.
            const size = Math.min(Number(query["limit"]), 100);
            const page = messages.toReversed().slice(start, start + size);
            const next = start + size < messages.length ? String(start + size) : "";
            return {
              status: 200,
              json: {
                ok: true,
                messages: page.map(({ id, text, author }) => ({
                  type: "message",
                  ts: id,
                  text,
                  user: author || "U0KIM",
                })),
                has_more: next !== "",
                response_metadata: { next_cursor: next },
              },
            };
          },
        },
        {
          method: "POST",
          path: /^\/chat\.postMessage$/,
          body: Message,
          answer: ({ body }) => {
            const { channel, text } = Message.parse(body);
            if (channel !== "C0123456789") return no("channel_not_found");
            const ts = `${1_800_000_000 + messages.length}.000100`;
            messages.push({ id: ts, text, author: "U0BOT" });
            return { status: 200, json: { ok: true, channel, ts } };
          },
        },
        {
          method: "POST",
          path: /^\/chat\.update$/,
          body: Update,
          answer: ({ body }) => {
            const { ts, text } = Update.parse(body);
            const found = messages.find(({ id }) => id === ts);
            if (!found) return no("message_not_found");
            found.text = text;
            return { status: 200, json: { ok: true, ts } };
          },
        },
      ],
    },
  };
}
