// The rules `authorization` and `cookie`: headers as they stand in requests, logs, command lines and dumps of objects.
// RFC 9110 11.4 (credentials), RFC 6265 4 (cookies).
import { endOf, SHADE, type Span } from "./span.ts";
import { endOfLine, endOfQuoted, openingAt, openingBefore, type Extent } from "./values.ts";

const HEADER = /(?<![A-Za-z0-9])(?:(?:proxy-)?authorization|(?:set-)?cookies?)(?![\w-])/gi;
// `Name: value`, `name=value`, `"name":"value"`, and lists of names and values in turn: `'Name', 'value'`.
const SEPARATOR = /\\{0,7}["'`]?[ \t]{0,80}(?:=>|[:=])[ \t]{0,80}|\\{0,7}["'`],\s{0,80}(?=\\{0,7}["'`])/y;
// Schemes whose credentials are one word: what follows on the line is other evidence.
const ONE_WORD_SCHEME = /(?:basic|bearer|negotiate|ntlm|token|apikey)[ \t]{1,80}/iy;
// Parameters, or the mask that stands in their place already.
const SCHEME = new RegExp(String.raw`[a-z0-9-]{2,30}[ \t]{1,80}(?=[\w-]{1,40}=|${SHADE})`, "iy");
const WORD = /[^\s\0"'`,;\\]*/y;
const BEARER = /(?<![A-Za-z])bearer[ \t]{1,80}(?=[A-Za-z0-9._~+/-]{16})/gi;
const TOKEN = /[A-Za-z0-9._~+/-]*=*/y;
const NOTHING = /^(?:\d{0,7}(?:[\s,;]|$)|undefined$|null$|none$|true$|false$|\[object |.{0,3}$)/i;

/** The value of a header, by the quotes around it or around the whole header. */
function headerValue(text: string, nameStart: number, at: number): Extent {
  const opening = openingAt(text, at);
  if (opening !== undefined) {
    const from = at + opening.length;
    return { from, to: endOfQuoted(text, from, opening) };
  }
  const around = openingBefore(text, nameStart);
  return { from: at, to: around === undefined ? endOfLine(text, at) : endOfQuoted(text, at, around) };
}

function headerAt(text: string, name: string, at: number): Span | undefined {
  const start = endOf(SEPARATOR, text, at + name.length);
  if (start === undefined) return undefined;
  const { from, to } = headerValue(text, at, start);
  if (/cookie/i.test(name)) return { from, to, rule: "cookie" };
  const word = endOf(ONE_WORD_SCHEME, text, from);
  if (word !== undefined)
    return { from: word, to: Math.min(to, endOf(WORD, text, word) ?? to), rule: "authorization" };
  return { from: endOf(SCHEME, text, from) ?? from, to, rule: "authorization" };
}

/** Credentials and cookies in headers, and bearer tokens wherever they stand. */
export function findHeaders(text: string): readonly Span[] {
  const spans: Span[] = [];
  const headers = new RegExp(HEADER);
  for (let match = headers.exec(text); match; match = headers.exec(text)) {
    const span = headerAt(text, match[0], match.index);
    if (span === undefined || NOTHING.test(text.slice(span.from, Math.min(span.to, span.from + 40)).trim()))
      continue;
    spans.push(span);
    headers.lastIndex = Math.max(headers.lastIndex, span.to);
  }
  for (const match of text.matchAll(BEARER)) {
    const from = match.index + match[0].length;
    spans.push({ from, to: endOf(TOKEN, text, from) ?? from, rule: "authorization" });
  }
  return spans;
}
