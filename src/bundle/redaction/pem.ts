// The rule `pem`: the body of private keys (RFC 7468, and OpenPGP's RFC 9580 6.2), also where a log wrote it with `\n`
// in one line, and where the end is missing because the text was cut.
import { endOf, type Span } from "./span.ts";

/** The longest distance between both ends that still counts as one key; real ones have a few thousand characters. */
export const PEM_LIMIT = 64 * 1024;

const BOUNDARY = /-{4,5} ?(?:BEGIN|END)[A-Z0-9 ]{0,60}-{4,5}/g;
const PRIVATE = /BEGIN[A-Z0-9 ]*PRIVATE KEY/;
// Cut short: headers, then characters of base64 and line ends, written as such or as `\n`.
const CUT_BODY = /(?:\s{0,4}[A-Z][A-Za-z-]{2,30}: [^\n]{0,200}\n){0,4}[A-Za-z0-9+/=\\\r\n]*/y;

/** Bodies of private keys; the lines that name them stay. */
export function findPem(text: string): readonly Span[] {
  const spans: Span[] = [];
  let open: number | undefined;
  const close = (end: number | undefined): void => {
    if (open === undefined) return;
    const cut = end === undefined || end - open > PEM_LIMIT;
    const to = cut ? (endOf(CUT_BODY, text, open) ?? open) : end;
    if (to > open) spans.push({ from: open, to, rule: "pem" });
    open = undefined;
  };
  for (const match of text.matchAll(BOUNDARY)) {
    const isEnd = match[0].includes("END");
    close(isEnd ? match.index : undefined);
    if (!isEnd && PRIVATE.test(match[0])) open = match.index + match[0].length;
  }
  close(undefined);
  return spans;
}
