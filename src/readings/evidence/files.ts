// The files of a bundle's evidence as its parts read them. What is not there, or cannot be understood, is undefined: a
// bundle may be of another version, cut short, or a stranger's.
import type { z } from "zod";

/** Bytes of a file by its path in the bundle; undefined when there is none, or it cannot be read (encrypted, too large). */
export type ReadEvidence = (path: string) => Promise<Buffer | undefined>;

export interface CollectorFiles {
  /** The path in the bundle of a file of this collector. */
  readonly path: (name: string) => string;
  readonly text: (name: string) => Promise<string | undefined>;
  /** One JSON document that fits the schema. */
  readonly json: <T>(name: string, schema: z.ZodType<T>) => Promise<T | undefined>;
  /** The lines of JSON Lines that fit the schema, each as it is and parsed; undefined when there is no such file. */
  readonly lines: <T>(
    name: string,
    schema: z.ZodType<T>,
  ) => Promise<readonly { readonly value: T; readonly line: string }[] | undefined>;
}

/** The files below `evidence/{collector}/`. */
export function filesOf(collector: string, read: ReadEvidence): CollectorFiles {
  const path = (name: string) => `evidence/${collector}/${name}`;
  const text = async (name: string) => (await read(path(name)))?.toString("utf8");
  return {
    path,
    text,
    json: async (name, schema) => {
      const found = await text(name);
      return found === undefined ? undefined : schema.safeParse(parseJson(found)).data;
    },
    lines: async (name, schema) => {
      const found = await text(name);
      return found === undefined ? undefined : parseLines(found, schema);
    },
  };
}

function parseLines<T>(text: string, schema: z.ZodType<T>): readonly { value: T; line: string }[] {
  const lines = text.split("\n").filter((line) => line !== "");
  // All at once is twice as fast; a line that was cut by a kill makes it one by one.
  const all = parseJson(`[${lines.join(",")}]`);
  const values: readonly unknown[] =
    Array.isArray(all) && all.length === lines.length ? all : lines.map(parseJson);
  return lines.flatMap((line, index) => {
    const value = schema.safeParse(values[index]).data;
    return value === undefined ? [] : [{ value, line }];
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
