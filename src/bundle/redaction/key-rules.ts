// The rules `kv` (key=value, "key": "value", key: value, <key>value<, name/value pairs) and `flag` (--key value): both
// start at a word that announces a secret and look what stands after it.
import { isSecretValue, SECRET_WORD, type SecretKey } from "./secret-keys.ts";
import { endOf, type Span } from "./span.ts";
import { endOfLine, endOfQuoted, openingAt, openingBefore, valueAt, type Extent } from "./values.ts";

const NAME_REST = /[\w.-]{0,64}/y;
const SEPARATOR = /\\{0,7}["'`]?\]?[ \t]{0,80}(?:=>|:=|=(?!=)|:(?!:|\/\/))[ \t]{0,80}/y;
const PAIR = /\\{0,7}["']?,?\s{1,80}\\{0,7}["']?value\\{0,7}["']?[ \t]{0,80}[=:][ \t]{0,80}/iy;
const FLAG_SEPARATOR = /[ \t]{1,80}|\0|\\{0,7}["'],\s{0,200}(?=\\{0,7}["'])/y;
const BARE = /[^\s\0"'`,;&]*/y;
const BARE_VARIABLE = /[^\s\0"'`]*/y;
const BARE_ARGUMENT = /[^\s\0]*/y;
const NEXT_ARGUMENT = /[^\n\0]*/y;
const BARE_ELEMENT = /[^<\n\0]*/y;
const VARIABLE = /^[A-Z][A-Z0-9_]*$/;
const PLACE = /^\d+(?::\d+)?[):,]?$/;
const NAME_CHARACTER = /[\w.-]/;

/** A name found in text, and where it ends. */
interface Found extends SecretKey {
  readonly start: number;
  readonly end: number;
}

/** The name around a word; names longer than 64 characters on a side are cut there. */
function nameAround(text: string, word: string, at: number): Found {
  let start = at;
  while (start > 0 && at - start < 64 && NAME_CHARACTER.test(text[start - 1] ?? "")) start--;
  const wordEnd = at + word.length;
  const end = endOf(NAME_REST, text, wordEnd) ?? wordEnd;
  return { before: text.slice(start, at), word, after: text.slice(wordEnd, end), start, end };
}

/** Without the brackets that close what stands around a bare value, and without blanks at the end. */
function trimmed(text: string, { from, to }: Extent): Extent {
  let end = to;
  while (end > from && /[)\]}\s]/.test(text[end - 1] ?? "")) end--;
  return { from, to: end };
}

/** `key: value` at the start of a line is YAML or a header: the value is the rest, blanks and all. */
function startsLine(text: string, at: number): boolean {
  let start = at;
  while (start > 0 && at - start < 64 && " \t-\"'".includes(text[start - 1] ?? "x")) start--;
  return start === 0 || text[start - 1] === "\n";
}

function assignedValue(text: string, found: Found, at: number): Extent {
  if (openingAt(text, at) !== undefined) return valueAt(text, at, BARE);
  // `"KEY=value"`: the quote that opened before the name ends the value too.
  const around = openingBefore(text, found.start);
  if (around !== undefined && openingAt(text, found.end) === undefined)
    return { from: at, to: endOfQuoted(text, at, around) };
  if (text[at - 1] !== "=" && startsLine(text, found.start)) {
    const end = endOfLine(text, at);
    const comment = text.slice(at, end).indexOf(" #");
    return trimmed(text, { from: at, to: comment === -1 ? end : at + comment });
  }
  const variable = text[at - 1] === "=" && VARIABLE.test(`${found.before}${found.word}${found.after}`);
  const bare = { from: at, to: endOf(variable ? BARE_VARIABLE : BARE, text, at) ?? at };
  return variable ? bare : trimmed(text, bare);
}

function kvAt(text: string, found: Found): Extent | undefined {
  if (text[found.start - 1] === "<" && text[found.end] === ">")
    return { from: found.end + 1, to: endOf(BARE_ELEMENT, text, found.end + 1) ?? found.end + 1 };
  const at = endOf(SEPARATOR, text, found.end) ?? endOf(PAIR, text, found.end);
  if (at === undefined) return undefined;
  const extent = assignedValue(text, found, at);
  // `/app/token.js:12:3`: a place in a file, not a key and its value.
  const isPlace = /[/\\]/.test(text[found.start - 1] ?? "") && PLACE.test(text.slice(extent.from, extent.to));
  return isPlace ? undefined : extent;
}

function flagAt(text: string, found: Found): Extent | undefined {
  if (!/^--?(?!no-|without-|ask-)/.test(found.before)) return undefined;
  const at = endOf(FLAG_SEPARATOR, text, found.end);
  if (at === undefined || text[at] === "-") return undefined;
  // Behind a NUL the value is the whole next argument, blanks and quotes and all.
  if (text[at - 1] === "\0") return { from: at, to: endOf(NEXT_ARGUMENT, text, at) ?? at };
  return valueAt(text, at, BARE_ARGUMENT);
}

/** Values behind names that announce a secret. */
export function findKeyValues(text: string): readonly Span[] {
  const spans: Span[] = [];
  const words = new RegExp(SECRET_WORD);
  for (let match = words.exec(text); match; match = words.exec(text)) {
    const found = nameAround(text, match[0], match.index);
    const kv = kvAt(text, found);
    const extent = kv ?? flagAt(text, found);
    if (extent === undefined || extent.to <= extent.from) continue;
    if (!isSecretValue(found, text.slice(extent.from, extent.to))) continue;
    spans.push({ ...extent, rule: kv === undefined ? "flag" : "kv" });
    words.lastIndex = Math.max(words.lastIndex, extent.to);
  }
  return spans;
}
