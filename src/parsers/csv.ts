// Comma-separated values as `psql --csv` prints them (RFC 4180): quotes around what holds a comma, a quote or a newline.

/** Rows by the names of the first; a row of another length is left out. */
export function parseCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const [names, ...rows] = rowsOf(text);
  if (names === undefined) return [];
  return rows
    .filter((row) => row.length === names.length)
    .map((row) => Object.fromEntries(names.map((name, index) => [name, row[index] ?? ""])));
}

function rowsOf(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\r?\n|$)/g)) {
    if (row.length === 0 && plain === "" && quoted === undefined && end === "") break;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
