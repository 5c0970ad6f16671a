// The rule `userinfo`: user and password of a URL (RFC 3986 3.2.1), and of the data source names of Go's SQL drivers,
// `user:password@tcp(host)`.
import type { Span } from "./span.ts";

// A port before a path is no password: `http://host:80?to=a@b`.
const PASSWORD = /:\/\/[^\s\0/@:"'`]*:(?!\d{1,5}[?#])[^\s\0/"'`<>]+@/g;
const KEY_AS_USER = /:\/\/[A-Za-z0-9_-]{20,}@/g;
const DRIVER = /@(?:tcp6?|unix)\(/g;
const DRIVER_REACH = 256;

/** `user:password` right before `end`, of a data source name without a scheme. */
function driverPassword(text: string, end: number): Span | undefined {
  let start = end;
  while (start > 0 && end - start < DRIVER_REACH && !/[\s\0"'`]/.test(text[start - 1] ?? " ")) start--;
  const colon = text.slice(start, end).indexOf(":");
  return colon === -1 ? undefined : { from: start + colon + 1, to: end, rule: "userinfo" };
}

/** Passwords in URLs and data source names. */
export function findUserinfo(text: string): readonly Span[] {
  const spans: Span[] = [];
  for (const match of text.matchAll(PASSWORD)) {
    const from = match.index + match[0].indexOf(":", 3) + 1;
    spans.push({ from, to: match.index + match[0].length - 1, rule: "userinfo" });
  }
  for (const match of text.matchAll(KEY_AS_USER))
    spans.push({ from: match.index + 3, to: match.index + match[0].length - 1, rule: "userinfo" });
  for (const match of text.matchAll(DRIVER)) {
    const span = driverPassword(text, match.index);
    if (span !== undefined) spans.push(span);
  }
  return spans.filter((span) => span.to > span.from);
}
