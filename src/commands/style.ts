// Colour, where a person looks: a terminal, unless NO_COLOR or TERM=dumb say no, or --color decides.
import { styleText } from "node:util";
import type { GlobalFlags, Terminal } from "./command.ts";

type StyleName = "bold" | "dim" | "red" | "green" | "yellow" | "cyan" | "gray";

/** Each paints a text that is printable already, or leaves it as it is. */
export type Style = Readonly<Record<StyleName, (text: string) => string>>;

/** NO_COLOR counts when it is not empty (no-color.org). */
export function usesColour(when: GlobalFlags["color"], isTty: boolean, env: NodeJS.ProcessEnv): boolean {
  if (when !== "auto") return when === "always";
  return isTty && !env.NO_COLOR && env.TERM !== "dumb";
}

/** The styles for one of the two terminals. */
export function styleOf({ colour }: Pick<Terminal, "colour">): Style {
  const paint = (name: StyleName) => (text: string) =>
    colour ? styleText(name, text, { validateStream: false }) : text;
  return {
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
    green: paint("green"),
    yellow: paint("yellow"),
    cyan: paint("cyan"),
    gray: paint("gray"),
  };
}

/** Rows in columns, two blanks apart; the last column keeps its length. Cells must hold no colours. */
export function layColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/**
 * Lines of at most `columns`, all but the first indented. Blanks stay as they are; a word that does not fit on any line
 * (a path, an address) keeps a line to itself, so that it can be copied.
 */
export function wrapText(
  text: string,
  { columns, indent }: { readonly columns: number; readonly indent: number },
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S)(?= )/)) {
    const begins = line.trim() === "";
    if (begins || line.length + word.length <= columns) line += word;
    else {
      lines.push(line);
      line = " ".repeat(indent) + word.trimStart();
    }
  }
  return [...lines, line];
}
