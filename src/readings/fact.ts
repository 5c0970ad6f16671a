// A value of the evidence with the line that says it: whoever tells the value can show where it stands.

export interface Fact<Value> {
  readonly value: Value;
  /** The raw line, untouched. */
  readonly line?: string | undefined;
  /** Path in the bundle. */
  readonly file: string;
}

/** Where a fact stands, as a part of a reading. */
export function lineOf({ line, file }: Omit<Fact<unknown>, "value">): { line?: string; file: string } {
  return line === undefined ? { file } : { line, file };
}

/** The first line of `text` that matches `pattern`. */
export function lineMatching(text: string, pattern: RegExp): string | undefined {
  return text.split("\n").find((line) => pattern.test(line));
}
