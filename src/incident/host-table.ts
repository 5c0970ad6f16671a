// The table of a note about many hosts, in each format: a row for each host, what is not complete first. What a stranger
// wrote goes through the format's own leaf functions, as everywhere.
import { printable } from "../printable.ts";
import { markdownCode, markdownLink, markdownText } from "./markdown-text.ts";
import type { Note, NoteHost } from "./note.ts";
import type { Leaf } from "./wording.ts";

const HEAD = ["Host", "Service", "State", "Evidence"] as const;

export interface HostTable {
  readonly hosts: readonly NoteHost[];
  /** Hosts that are not in it. */
  readonly more: number;
}

/** Undefined for a note about one bundle. */
export function hostTable({ made }: Note): HostTable | undefined {
  if (made?.by !== "fleet" || made.total === 0) return undefined;
  return { hosts: made.hosts, more: made.total - made.hosts.length };
}

/** Rows of four cells, the last one what `evidence` makes of a host. */
export function hostRows(
  note: Note,
  leaf: Leaf,
  evidence: (host: NoteHost) => string = (host) => evidenceText(host, leaf),
):
  | {
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly more: string | undefined;
    }
  | undefined {
  const table = hostTable(note);
  if (table === undefined) return undefined;
  const rows = table.hosts.map((host) => [
    leaf.code(host.name, 60),
    leaf.text(host.service, 40),
    host.state,
    evidence(host),
  ]);
  const more =
    table.more === 0 ? undefined : `and ${table.more} more: exhibit ls --store, or --json of the job`;
  return { head: HEAD, rows, more };
}

function evidenceText({ url, reason }: NoteHost, leaf: Leaf): string {
  return [url === undefined ? "" : leaf.code(url, 300), reason === undefined ? "" : leaf.text(reason, 120)]
    .filter((text) => text !== "")
    .join(" ");
}

/** Columns of plain text. */
export function hostTableText(note: Note): readonly string[] {
  const leaf: Leaf = { text: printable, code: printable };
  const table = hostRows(note, leaf);
  if (table === undefined) return [];
  const rows = [table.head, ...table.rows];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => (column === row.length - 1 ? text : text.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...(table.more === undefined ? [] : [table.more])];
}

/** A pipe ends a cell, within code too (GFM 4.10). */
function cell(markdown: string): string {
  return markdown.replace(/(?<!\\)\|/g, "\\|") || " ";
}

const markdown: Leaf = {
  text: (raw, limit) => cell(markdownText(raw, limit)),
  code: (raw, limit) => cell(markdownCode(raw, limit)),
};

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function hostTableMarkdown(note: Note): readonly string[] {
  const table = hostRows(note, markdown, ({ url, reason }) =>
    [
      url === undefined ? "" : cell(markdownLink("bundle", url, 300)),
      reason === undefined ? "" : markdown.text(reason, 120),
    ]
      .filter((text) => text !== "")
      .join(" "),
  );
  if (table === undefined) return [];
  return [
    line(table.head),
    line(HEAD.map(() => "---")),
    ...table.rows.map(line),
    "",
    ...(table.more === undefined ? [] : [table.more, ""]),
  ];
}
