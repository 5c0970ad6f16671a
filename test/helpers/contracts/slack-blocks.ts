// Slack's rich text block, as far as a note uses it: written by hand from docs.slack.dev "Rich text block" and the limits
// of "chat.postMessage". Anything else is refused.
import { z } from "zod";

const Text = z.strictObject({
  type: z.literal("text"),
  text: z.string().min(1),
  style: z.strictObject({ bold: z.boolean().optional(), code: z.boolean().optional() }).optional(),
});
const Link = z.strictObject({
  type: z.literal("link"),
  url: z.url({ protocol: /^https?$/ }).max(3000),
  text: z.string().min(1),
});
const Inline = z.union([Text, Link]);

export const SlackBlocks = z
  .array(
    z.strictObject({
      type: z.literal("rich_text"),
      elements: z
        .array(
          z.discriminatedUnion("type", [
            z.strictObject({ type: z.literal("rich_text_section"), elements: z.array(Inline).min(1) }),
            z.strictObject({ type: z.literal("rich_text_quote"), elements: z.array(Inline).min(1) }),
            z.strictObject({ type: z.literal("rich_text_preformatted"), elements: z.array(Text).min(1) }),
          ]),
        )
        .min(1),
    }),
  )
  .min(1)
  .max(50)
  .refine((blocks) => JSON.stringify(blocks).length < 13_000, "msg_blocks_too_long");
