// Atlassian Document Format, version 1, as far as a note uses it: written by hand from the pages "Document structure",
// "Node" and "Mark" of developer.atlassian.com/cloud/jira/platform/apis/document/. Anything else is refused.
import { z } from "zod";

const Link = z.strictObject({
  type: z.literal("link"),
  attrs: z.strictObject({ href: z.url({ protocol: /^https?$/ }) }),
});
const Code = z.strictObject({ type: z.literal("code") });
const Strong = z.strictObject({ type: z.literal("strong") });

const Text = z.strictObject({
  type: z.literal("text"),
  text: z.string().min(1),
  // "code: can be combined only with link".
  marks: z.union([z.tuple([Code]), z.tuple([Strong]), z.tuple([Strong, Link]), z.tuple([Link])]).optional(),
});
const Paragraph = z.strictObject({ type: z.literal("paragraph"), content: z.array(Text).min(1) });
const PlainText = z.strictObject({ type: z.literal("text"), text: z.string().min(1) });
const CodeBlock = z.strictObject({
  type: z.literal("codeBlock"),
  attrs: z.strictObject({ language: z.string() }),
  content: z.array(PlainText),
});
const ListItem = z.strictObject({
  type: z.literal("listItem"),
  content: z.tuple([Paragraph], z.union([Paragraph, CodeBlock])),
});
const OrderedList = z.strictObject({
  type: z.literal("orderedList"),
  attrs: z.strictObject({ order: z.int().nonnegative() }),
  content: z.array(ListItem).min(1),
});
const BulletList = z.strictObject({ type: z.literal("bulletList"), content: z.array(ListItem).min(1) });
const cell = (type: "tableHeader" | "tableCell") =>
  z.strictObject({ type: z.literal(type), content: z.array(Paragraph).min(1) });
const TableRow = z.strictObject({
  type: z.literal("tableRow"),
  content: z.array(z.union([cell("tableHeader"), cell("tableCell")])).min(1),
});
const Table = z.strictObject({ type: z.literal("table"), content: z.array(TableRow).min(1) });
const Blockquote = z.strictObject({ type: z.literal("blockquote"), content: z.array(Paragraph).min(1) });

export const Adf = z.strictObject({
  version: z.literal(1),
  type: z.literal("doc"),
  content: z.array(z.union([Paragraph, OrderedList, BulletList, Blockquote, Table])),
});
