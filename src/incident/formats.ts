// Every form of the note, by the name that `exhibit note --print` takes.
import type { Note } from "./note.ts";
import { renderAdf } from "./render-adf.ts";
import { renderChat } from "./render-chat.ts";
import { renderHtml } from "./render-html.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderSlack } from "./render-slack.ts";
import { renderText } from "./render-text.ts";
import { renderWiki } from "./render-wiki.ts";

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

const FORMATS: ReadonlyMap<string, (note: Note) => string> = new Map([
  ["text", renderText],
  ["markdown", (note: Note) => renderMarkdown(note)],
  ["html", renderHtml],
  ["adf", (note: Note) => json(renderAdf(note))],
  ["wiki", renderWiki],
  ["slack", (note: Note) => json(renderSlack(note))],
  ["chat", (note: Note) => `${renderChat(note)}\n`],
]);

/** The note in a format, ending with a line break; undefined when there is no such format. */
export function renderFormat(note: Note, format: string): string | undefined {
  return FORMATS.get(format)?.(note);
}
