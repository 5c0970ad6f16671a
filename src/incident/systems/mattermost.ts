// Mattermost channels (developers.mattermost.com/api-documentation/, API v4). The marker is in the message and, out of
// sight, in its props.
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

const Self = z.object({ id: z.string() }).transform(({ id }) => id);
const Channel = z
  .object({ delete_at: z.number().default(0) })
  .transform((channel) => (channel.delete_at > 0 ? "the channel is archived" : undefined));
const Posts = z
  .object({
    posts: z.record(
      z.string(),
      z.object({
        id: z.string(),
        user_id: z.string(),
        message: z.string(),
        delete_at: z.number().default(0),
      }),
    ),
  })
  .transform(({ posts }) => ({
    entries: Object.values(posts)
      .filter((post) => post.delete_at === 0)
      .map((post) => ({ id: post.id, author: post.user_id, text: post.message })),
  }));

const body = (note: Note) => ({
  message: renderMarkdown(note, `\`${markerOf(note)}\``),
  props: { exhibit: markerOf(note) },
});

export function openMattermost({ settings, id }: Reference<SettingsOf<"mattermost">>): System {
  const channel = settings.channel ?? id;
  if (!/^[a-z0-9]{26}$/.test(channel))
    throw new NoteError("does not name the id of a Mattermost channel (26 letters and digits)", {
      retryable: true,
      hint: "set channel, or give match a group for it: ^mm:(?<id>[a-z0-9]{26})$",
    });
  return {
    type: "mattermost",
    where: `Mattermost channel ${channel}`,
    site: {
      url: settings.url,
      headers: {},
      secret: {
        path: secretPath(settings.tokenFile),
        headers: (token) => ({ authorization: `Bearer ${token}` }),
      },
      rights:
        "the token of a bot that is a member of the channel and may post there (create_post, edit_post)",
    },
    whoami: { what: "see who we are", method: "GET", path: "/api/v4/users/me", answer: Self },
    look: {
      what: `read ${channel}`,
      method: "GET",
      path: `/api/v4${segments("channels", channel)}`,
      answer: Channel,
    },
    list: (note) => ({
      what: `read ${channel}`,
      method: "GET",
      path: `/api/v4${segments("channels", channel, "posts")}`,
      query: { since: String(oldestOf(note)) },
      answer: Posts,
    }),
    post: (note) => ({
      what: `write to ${channel}`,
      method: "POST",
      path: "/api/v4/posts",
      json: { channel_id: channel, ...body(note) },
      answer: z.object({ id: z.string() }),
    }),
    edit: (entry, note) => ({
      what: `change our message in ${channel}`,
      method: "PUT",
      path: `/api/v4${segments("posts", entry.id, "patch")}`,
      json: body(note),
      answer: z.unknown(),
    }),
  };
}
