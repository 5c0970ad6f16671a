// `ps -o COLUMNS -p PID` of illumos (ps(1)): a head and one row of words. Columns that may hold blanks are not asked for.

export interface PsRow {
  readonly values: ReadonlyMap<string, string>;
  /** Untouched. */
  readonly line: string;
}

/** The row below the head, by column; undefined when there is none or it has other columns. */
export function parsePsRow(text: string, columns: readonly string[]): PsRow | undefined {
  const line = text.split("\n")[1];
  const words = line?.trim().split(/\s+/) ?? [];
  if (line === undefined || words.length !== columns.length || !/^\d+$/.test(words[0] ?? ""))
    return undefined;
  return { values: new Map(columns.map((column, index) => [column, words[index] ?? ""])), line };
}
