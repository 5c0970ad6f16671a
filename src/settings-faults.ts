// What zod found wrong with the settings, in our words: what was expected at which key.
import { z } from "zod";
import { printable } from "./printable.ts";
import { closestName } from "./parsers/closest-name.ts";

/** One fault by key; `path` ends at the key that is wrong, or that is missing. */
export interface KeyFault {
  readonly path: readonly string[];
  readonly expected: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "keys with values",
  record: "keys with values",
  array: "a list",
};

/** The keys that a schema allows at a path, over all its alternatives. */
function keysAt(schema: unknown, path: readonly string[]): readonly string[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return keysAt(schema.unwrap(), path);
  const [first, ...rest] = path;
  if (schema instanceof z.ZodArray) return first === undefined ? [] : keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return first === undefined ? [] : keysAt(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  return first === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[first], rest);
}

function unknownKey(key: string, allowed: readonly string[]): string {
  // Of an alternative that was not chosen: `for` where `when` is log.
  if (allowed.includes(key)) return "a key of another kind than this one";
  const near = closestName(key, allowed);
  if (near !== undefined) return `unknown key; did you mean ${near}?`;
  return `unknown key; expected one of ${[...new Set(allowed)].join(", ")}`;
}

/** A text where keys were expected, or the other way round: nothing inside was looked at. */
function isWrongKind(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(({ code, path }) => code === "invalid_type" && path.length === 0);
}

function kindOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" ? (KINDS[issue.expected] ?? issue.expected) : expectation(issue);
}

function badness(issues: readonly z.core.$ZodIssue[]): number {
  const unknown = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [])).length;
  return unknown * 10 + issues.length + (isWrongKind(issues) ? 1000 : 0);
}

/** Of the alternatives of a union, the one that was most probably meant: the fewest unknown keys, then faults. */
function likeliest(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  return branches.toSorted((a, b) => badness(a) - badness(b))[0] ?? [];
}

/** The text for what is wrong with one value. */
function expectation(issue: z.core.$ZodIssue): string {
  // Our schema says it in its own words where zod's would not help.
  if (issue.message.startsWith("expected ")) return issue.message;
  if ("options" in issue && Array.isArray(issue.options))
    return `expected one of ${issue.options.join(", ")}`;
  if (issue.code === "invalid_type") return `expected ${kindOf(issue)}`;
  if (issue.code === "invalid_value")
    return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "expected another key";
  if (issue.code === "too_small")
    return issue.origin === "string" ? "expected some text" : `expected at least ${String(issue.minimum)}`;
  if (issue.code !== "invalid_format") return printable(issue.message);
  return issue.format === "starts_with" ? "expected an absolute path" : `expected a valid ${issue.format}`;
}

/** The faults of settings that did not pass, each at its key. */
export function faultsOf(
  schema: z.ZodType,
  issues: readonly z.core.$ZodIssue[],
  at: readonly string[] = [],
): readonly KeyFault[] {
  return issues.flatMap((issue): readonly KeyFault[] => {
    const path = [...at, ...issue.path.map(String)];
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        path: [...path, key],
        expected: unknownKey(key, keysAt(schema, path)),
      }));
    if (issue.code === "invalid_union") {
      if (issue.message.startsWith("expected ")) return [{ path, expected: issue.message }];
      if (issue.errors.every(isWrongKind) && issue.errors.length > 0)
        return [{ path, expected: `expected ${issue.errors.flat().map(kindOf).join(" or ")}` }];
      if (issue.errors.length > 0) return faultsOf(schema, likeliest(issue.errors), path);
    }
    const missing = issue.code === "invalid_type" && issue.input === undefined;
    return [{ path, expected: missing ? `missing; ${expectation(issue)}` : expectation(issue) }];
  });
}
