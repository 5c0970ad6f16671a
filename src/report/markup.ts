// HTML that cannot be broken by what is put into it: values of the `html` tag are made printable and escaped unless they
// are markup themselves. They may stand in text and in quoted attributes, nowhere else.
import { printable } from "../printable.ts";

const MARKUP = Symbol("markup");

export interface Markup {
  readonly [MARKUP]: string;
}

type Value = Markup | readonly Markup[] | string | number | undefined;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string")
    return printable(value, 2000).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  if (MARKUP in value) return value[MARKUP];
  return value.map((one) => one[MARKUP]).join("");
}

/** Markup with escaped values; undefined is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return { [MARKUP]: strings.map((text, index) => text + escaped(values[index])).join("") };
}

/** The text of a whole page. */
export function pageText(page: Markup): string {
  return page[MARKUP];
}
