// The one sanitiser for text that a stranger wrote: process names, arguments, paths, log lines, tool output.
// It serves every sink a person reads: terminal, note, report, log. The bundle keeps the bytes as they were.

import { isUtf8 } from "node:buffer";

// Unicode categories: Cc C0 and C1 controls; Cf bidi controls, zero-width and other invisible format characters; Zl and Zp
// line and paragraph separators; Cs lone surrogates; and all else that is drawn as nothing (UAX #44), such as fillers and
// variation selectors, which can hide any bytes.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** How control characters are shown: `\n` and `\t` as such, everything else as `\xNN` or `\u{N}`. */
function escape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0) ?? 0;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/** Bytes as text: valid UTF-8 stays, every other byte becomes `\xNN`, so that nothing is silently replaced. */
function decode(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString("utf8");
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find(
      (size) => at + size <= bytes.length && isUtf8(bytes.subarray(at, at + size)),
    );
    text +=
      length === undefined
        ? `\\x${bytes[at]?.toString(16).padStart(2, "0")}`
        : Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
    at += length ?? 1;
  }
  return text;
}

/**
 * One line that is safe to show anywhere: no control, bidi or invisible characters, at most `limit` characters.
 * Longer text ends in `…`.
 */
export function printable(text: string | Uint8Array, limit = 200): string {
  // No character has more than 4 bytes: what lies further is not looked at, however much it is.
  const source = typeof text === "string" ? text : decode(text.subarray(0, (limit + 1) * 4));
  // Escapes only lengthen, so the first limit + 1 characters decide.
  const cut = source.length > limit * 2 ? source.slice(0, limit * 2) : source;
  const shown = cut.replace(UNSAFE, escape);
  // Code points: a pair of surrogates is never cut in two.
  const characters = Array.from(shown);
  if (characters.length <= limit && cut.length === source.length) return shown;
  return `${characters.slice(0, Math.max(limit - 1, 0)).join("")}…`;
}

/** Several lines, each made printable; line breaks stay. */
export function printableLines(text: string, lineLimit = 400): string {
  return text
    .split(/\r?\n/)
    .map((line) => printable(line, lineLimit))
    .join("\n");
}
