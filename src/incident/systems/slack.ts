// Slack channels (docs.slack.dev/reference/methods). Posting has no key against doubles (slackapi/slack-api-specs#10), so
// the channel's history is looked through; and a refusal comes with status 200.
import { z } from "zod";
import { NoteError } from "../../errors.ts";
import { secretPath } from "../../host/secret-file.ts";
import type { SettingsOf } from "../../settings-incidents.ts";
import { oldestOf } from "../oldest.ts";
import { renderSlack } from "../render-slack.ts";
import type { Reference, System } from "../system.ts";

const PAGE = 200;

/** What Slack's words amount to. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_auth: 401,
  not_authed: 401,
  token_expired: 401,
  token_revoked: 401,
  account_inactive: 401,
  missing_scope: 403,
  not_in_channel: 403,
  is_archived: 403,
  restricted_action: 403,
  no_permission: 403,
  cant_update_message: 403,
  channel_not_found: 404,
  message_not_found: 404,
  ratelimited: 429,
  rate_limited: 429,
  internal_error: 500,
  fatal_error: 500,
  service_unavailable: 503,
  request_timeout: 408,
};

function statusOf(status: number, json: unknown): number {
  const refused = z.object({ ok: z.literal(false), error: z.string() }).safeParse(json);
  return status === 200 && refused.success ? (STATUSES[refused.data.error] ?? 400) : status;
}

const Self = z.object({ ok: z.literal(true), user_id: z.string() }).transform((self) => self.user_id);
const History = z
  .object({
    ok: z.literal(true),
    messages: z.array(
      z.object({ ts: z.string(), user: z.string().optional(), text: z.string().default("") }),
    ),
    response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
  })
  .transform(({ messages, response_metadata: more }) => ({
    entries: messages.map(({ ts, user, text }) => ({ id: ts, author: user, text })),
    next: more?.next_cursor ? more.next_cursor : undefined,
  }));
const Done = z.object({ ok: z.literal(true) });

export function openSlack({ settings, id }: Reference<SettingsOf<"slack">>): System {
  const channel = settings.channel ?? id;
  if (!/^[CG][A-Z0-9]{5,20}$/.test(channel))
    throw new NoteError("does not name the id of a Slack channel (C...)", {
      retryable: true,
      hint: "set channel, or give match a group for it: ^chat:(?<id>C[A-Z0-9]+)$",
    });
  return {
    type: "slack",
    where: `Slack channel ${channel}`,
    site: {
      url: settings.url,
      headers: {},
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ authorization: `Bearer ${token}` }),
      },
      rights: "a bot token with chat:write and channels:history (groups:history), and the bot in the channel",
      statusOf,
    },
    whoami: {
      what: "see who we are",
      method: "POST",
      path: "/auth.test",
      json: {},
      answer: Self,
      repeatable: true,
    },
    look: {
      what: `read ${channel}`,
      method: "GET",
      path: "/conversations.history",
      query: { channel, limit: "1" },
      answer: Done.transform(() => undefined),
    },
    list: (note, cursor) => ({
      what: `read ${channel}`,
      method: "GET",
      path: "/conversations.history",
      query: {
        channel,
        limit: String(PAGE),
        oldest: String(Math.floor(oldestOf(note) / 1000)),
        ...(cursor === undefined ? {} : { cursor }),
      },
      answer: History,
    }),
    post: (note) => ({
      what: `write to ${channel}`,
      method: "POST",
      path: "/chat.postMessage",
      json: { channel, ...renderSlack(note), unfurl_links: false, unfurl_media: false },
      answer: Done,
    }),
    edit: (entry, note) => {
      const { text, blocks } = renderSlack(note);
      return {
        what: `change our message in ${channel}`,
        method: "POST",
        path: "/chat.update",
        json: { channel, ts: entry.id, text, blocks },
        answer: Done,
        // The same message again.
        repeatable: true,
      };
    },
  };
}
