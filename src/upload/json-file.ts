// Small JSON files of ours as they are found on a disk: any may be missing, cut, damaged, or put there by somebody else.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { z } from "zod";
import { errnoOf, messageOf } from "../errors.ts";
import { readUpTo } from "../host/bounded-read.ts";
import { printable } from "../printable.ts";

/** A manifest of the largest capture we can imagine has a tenth of it. */
const LIMIT_BYTES = 32 * 1024 ** 2;

export type JsonFile<T> =
  | { readonly state: "read"; readonly value: T; readonly bytes: Buffer }
  | { readonly state: "missing" }
  /** It is there and is not what it should be. */
  | { readonly state: "damaged"; readonly reason: string }
  /** Nothing is known of it: no permission, a failing disk. */
  | { readonly state: "unreadable"; readonly reason: string };

/** Reads and checks one file; never throws. Links are not followed. */
export async function readJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<JsonFile<z.infer<S>>> {
  let bytes: Buffer;
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) return { state: "damaged", reason: "not a regular file" };
    bytes = await readUpTo(file, LIMIT_BYTES + 1);
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT") return { state: "missing" };
    if (code === "ELOOP") return { state: "damaged", reason: "not a regular file" };
    return { state: "unreadable", reason: `cannot be read (${code ?? messageOf(error)})` };
  }
  if (bytes.length > LIMIT_BYTES) return { state: "damaged", reason: "larger than it can be" };
  return check(bytes, schema);
}

function check<S extends z.ZodType>(bytes: Buffer, schema: S): JsonFile<z.infer<S>> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    return { state: "damaged", reason: bytes.length === 0 ? "empty" : "no JSON, or cut" };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { state: "read", value: parsed.data, bytes };
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return { state: "damaged", reason: printable(`${where}${issue?.message ?? "not as expected"}`) };
}
