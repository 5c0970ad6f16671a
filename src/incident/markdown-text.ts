// Raw text in Markdown (CommonMark 0.31, and what GitHub and GitLab add): made printable, then nothing in it is markup.
import { printable } from "../printable.ts";

// Any ASCII punctuation may be escaped with a backslash (CommonMark 2.4).
const MARKUP = /[\\`*_[\]<>|~&$#!]/g;
// Bare addresses become links of themselves (GFM 6.9).
const BARE_LINK = /:(?=\/\/)|(?<=www)\./gi;
// What begins a list or underlines a heading, were it the first on a line.
const LINE_START = /^(?:[+=-]|\d{1,9}(?=[.)]))/;

/** One line of prose in which nothing is markup, wherever on a line it stands. */
export function markdownText(raw: string, limit: number): string {
  return printable(raw, limit)
    .trim()
    .replace(MARKUP, "\\$&")
    .replace(BARE_LINK, "\\$&")
    .replace(LINE_START, (start) => (/\d/.test(start) ? `${start}\\` : `\\${start}`));
}

function backticks(text: string, least: number): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  return "`".repeat(Math.max(longest + 1, least));
}

/** A code span (CommonMark 6.1): its fence is longer than any run of backticks inside. */
export function markdownCode(raw: string, limit: number): string {
  const text = printable(raw, limit).trim();
  if (text === "") return "(empty)";
  const fence = backticks(text, 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** One raw line in a fence of its own, indented to belong to a list item. */
export function markdownFence(raw: string, indent: string, limit: number): readonly string[] {
  const text = printable(raw.trim(), limit);
  const fence = backticks(text, 3);
  return [`${indent}${fence}text`, `${indent}${text}`, `${indent}${fence}`];
}

/** A link when the address is one of the web, else the address as code. */
export function markdownLink(label: string, address: string, limit: number): string {
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address) || address.length > limit)
    return markdownCode(address, limit);
  const target = new URL(address).href.replace(
    /[()<>\\`'"\s[\]|]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `[${label}](${target})`;
}
