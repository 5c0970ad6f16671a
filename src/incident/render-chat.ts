// The note as one line, for chats, topics and summaries.
import { printable } from "../printable.ts";
import type { Note } from "./note.ts";
import { followUpLine, headline, markerOf, type Leaf } from "./wording.ts";

const leaf: Leaf = { text: printable, code: printable };

/** An IRC line has 512 bytes, with the sender's name before it and CR LF behind (RFC 2812 2.3). */
export const MAX_CHAT_BYTES = 390;

/** The beginning of a text in at most so many bytes of UTF-8; no character is cut in two. */
function cutBytes(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  let cut = "";
  let size = 3;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) break;
    cut += character;
  }
  return bytes < 3 ? "" : `${cut}…`;
}

/** Address and marker come first: without them the line is of no use. */
function fit(words: string, { url }: Note["bundle"], marker: string): string {
  const end = ` [${cutBytes(marker, 220)}]`;
  const address = cutBytes(printable(url, 600), MAX_CHAT_BYTES - Buffer.byteLength(end) - 60);
  const room = MAX_CHAT_BYTES - Buffer.byteLength(end) - Buffer.byteLength(address) - 2;
  return `${cutBytes(words, room)}: ${address}${end}`;
}

/** Without an address, as of a job over many hosts. */
function fitCounts(words: string, counts: string, marker: string): string {
  const end = `: ${counts} [${cutBytes(marker, 220)}]`;
  return `${cutBytes(words, MAX_CHAT_BYTES - Buffer.byteLength(end))}${end}`;
}

/** One line of at most 390 bytes: what, where, before which action, the first reading, the address, `[exhibit:ID/STAGE]`. */
export function renderChat(note: Note): string {
  if (note.made?.by === "fleet") return fitCounts(headline(note, leaf), note.made.counts, markerOf(note));
  const first = note.comparison ?? note.readings[0]?.text;
  const said = first === undefined ? "" : `; ${printable(first, 120)}`;
  return fit(`${headline(note, leaf)}${said}`, note.bundle, markerOf(note));
}

/** The short second note where the first cannot be changed. */
export function renderChatFollowUp(note: Note): string {
  if (note.made?.by === "fleet") return renderChat(note);
  return fit(followUpLine(note, leaf), note.bundle, markerOf(note));
}
