// The rule `value`: secrets that are known (from the target's environment and arguments) are found in contexts that no
// rule knows, in the forms in which programs write them: as they are, in JSON, in URLs, in base64.
import { buildAutomaton } from "./automaton.ts";
import type { Rule, Span } from "./span.ts";

/** Shorter values would hide ordinary words. */
export const SHORTEST_VALUE = 8;
const PIECE = 64;

function percentEncoded(value: string, keep: RegExp): string {
  return Array.from(value, (character) => {
    if (keep.test(character)) return character;
    const bytes = Buffer.from(character, character.charCodeAt(0) > 255 ? "utf8" : "latin1");
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  }).join("");
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
}

/** The characters of base64 that depend on the value alone when `shift` bytes stand before it (`user:value`). */
function base64Core(value: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), value]).toString("base64");
  return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + value.length) * 8) / 6));
}

/** Every form of a value, latin1 text like the files it is looked for in. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, "latin1");
  const strict = percentEncoded(value, /[A-Za-z0-9._~-]/);
  const component = percentEncoded(value, /[A-Za-z0-9._~!*'()-]/);
  const forms = [
    value,
    bytes.toString("utf8"),
    JSON.stringify(value).slice(1, -1),
    JSON.stringify(JSON.stringify(value)).slice(3, -3),
    ...[strict, component, strict.replaceAll("%20", "+")].flatMap((form) => [form, lowerEscapes(form)]),
    bytes.toString("base64").replace(/=+$/, ""),
    ...[0, 1, 2].map((shift) => base64Core(bytes, shift)),
  ];
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** Long forms in pieces: a text may hold a part of one (a wrapped line, a cut one). The last piece is a whole one. */
function piecesOf(form: string): readonly string[] {
  if (form.length <= PIECE) return [form];
  const pieces: string[] = [];
  for (let at = 0; at < form.length; at += PIECE) {
    const start = Math.min(at, form.length - PIECE);
    pieces.push(form.slice(start, start + PIECE));
  }
  return pieces;
}

/** Lines of a value of several lines (a key) are secrets of their own. */
function withLines(value: string): readonly string[] {
  const lines = value
    .split(/\r?\n|\\n/)
    .filter((line) => line.length >= 2 * SHORTEST_VALUE && !line.startsWith("-----"));
  return lines.length > 1 ? [value, ...lines] : [value];
}

/** Finds `values` and their encoded forms. Values of fewer than 8 characters are left out. */
export function exactRule(values: readonly string[]): Rule {
  const secretOf = new Map<string, string>();
  for (const value of values.filter((one) => one.length >= SHORTEST_VALUE).flatMap(withLines))
    for (const piece of formsOf(value).flatMap(piecesOf))
      if (piece.length >= SHORTEST_VALUE && !secretOf.has(piece)) secretOf.set(piece, value);
  if (secretOf.size === 0) return () => [];
  const strings = [...secretOf.keys()];
  const find = buildAutomaton(strings);
  return (text) =>
    find(text).map(({ from, to, index }): Span => {
      const secret = secretOf.get(strings[index] ?? "");
      return { from, to, rule: "value", ...(secret === undefined ? {} : { secret }) };
    });
}
