// Where the value of a key ends: quoted with whatever quotes text meets on its way into a log (`"`, `'`, `\"`), or bare.
import { endOf } from "./span.ts";

const OPENING = /\\{0,7}["'`]/y;
const LINE_REST = /[^\n\r\0]*/y;

export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** The quote that opens at `at`, with the backslashes before it; undefined when there is none. */
export function openingAt(text: string, at: number): string | undefined {
  const end = endOf(OPENING, text, at);
  return end === undefined ? undefined : text.slice(at, end);
}

/** The quote that ends right before `at`, with the backslashes before it. */
export function openingBefore(text: string, at: number): string | undefined {
  const quote = text[at - 1];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  let start = at - 1;
  while (start > 0 && at - start < 8 && text[start - 1] === "\\") start--;
  return text.slice(start, at);
}

/**
 * Where a text opened with `opening` closes: at the same quote with no more backslashes before it, or at the end of the
 * line. An even run of backslashes before a plain quote escapes itself only (JSON, shells).
 */
export function endOfQuoted(text: string, from: number, opening: string): number {
  const quote = opening.charCodeAt(opening.length - 1);
  const depth = opening.length - 1;
  let run = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13 || code === 0) return at;
    if (code === 92) run++;
    else if (code !== quote) run = 0;
    else if (depth === 0 ? run % 2 === 0 : run <= depth) return at - (depth === 0 ? 0 : run);
    else run = 0;
  }
  return text.length;
}

/** The end of the line, or of the argument in NUL-separated text. */
export function endOfLine(text: string, from: number): number {
  return endOf(LINE_REST, text, from) ?? from;
}

/** A value at `at` that is quoted, or else runs up to where `bare` (sticky) ends. */
export function valueAt(text: string, at: number, bare: RegExp): Extent {
  const opening = openingAt(text, at);
  if (opening === undefined) return { from: at, to: endOf(bare, text, at) ?? at };
  const from = at + opening.length;
  return { from, to: endOfQuoted(text, from, opening) };
}
