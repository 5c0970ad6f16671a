// `jstat -gcutil -t PID INTERVAL`: a header, then a row each interval. Columns differ by version, so they go by name.
// GCT is the time spent in all collections since the JVM began, in seconds; Timestamp counts from there too (jstat(1)).

export interface JstatRow {
  readonly atSeconds: number;
  /** All collections so far. */
  readonly gcSeconds: number;
  readonly fullCollections: number | undefined;
  /** How full the old generation is. */
  readonly oldPercent: number | undefined;
  readonly line: string;
}

export function parseJstat(text: string): readonly JstatRow[] {
  const [header = "", ...lines] = text.split("\n");
  const names = header.trim().split(/\s+/);
  return lines.flatMap((line) => {
    const values = line.trim().split(/\s+/);
    if (values.length !== names.length) return [];
    const column = (name: string) => {
      const value = values[names.indexOf(name)] ?? "";
      return /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
    };
    const [atSeconds, gcSeconds] = [column("Timestamp"), column("GCT")];
    if (atSeconds === undefined || gcSeconds === undefined) return [];
    return [{ atSeconds, gcSeconds, fullCollections: column("FGC"), oldPercent: column("O"), line }];
  });
}
