// The settings: schema and defaults. How files, environment and flags merge, and where each value came from, is in
// settings-files.ts. Strict: an unknown key is an error with its line, never silently ignored.
import { z } from "zod";
import { parseDurationMs, parseSizeBytes } from "./units.ts";

/** A duration as people write it; the parsed value is in milliseconds. */
export const Duration = z
  .string({ error: "expected a duration such as 90s or 1h30m" })
  .transform((text, context) => {
    const value = parseDurationMs(text);
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", input: text, message: "expected a duration such as 90s or 1h30m" });
    return z.NEVER;
  });

/** A size as people write it; the parsed value is in bytes. */
export const Size = z
  .union([z.string(), z.number()], { error: "expected a size such as 20G or 512M" })
  .transform((text, context) => {
    const value = parseSizeBytes(String(text));
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", input: text, message: "expected a size such as 20G or 512M" });
    return z.NEVER;
  });

/** Free space to leave: a share of the disk or a size. */
export const KeepFree = z
  .string({ error: "expected a share such as 10% or a size such as 5G" })
  .transform((text, context) => {
    const percent = /^(\d{1,2}(?:\.\d+)?)%$/.exec(text)?.[1];
    if (percent !== undefined) return { percent: Number(percent) };
    const bytes = parseSizeBytes(text);
    if (bytes !== undefined) return { bytes };
    context.issues.push({
      code: "custom",
      input: text,
      message: "expected a share such as 10% or a size such as 5G",
    });
    return z.NEVER;
  });

const Name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "expected a name of a-z, 0-9 and -");

const DirectoryStore = z.strictObject({ type: z.literal("directory"), path: z.string().startsWith("/") });
export const S3Store = z.strictObject({
  type: z.literal("s3"),
  url: z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/.*)?$/, "expected s3://bucket/prefix"),
  region: z.string().default("us-east-1"),
  endpoint: z.url().nullable().default(null),
  pathStyle: z.boolean().default(false),
  sse: z.enum(["AES256", "aws:kms"]).nullable().default(null),
  credentialsFile: z.string().nullable().default(null),
});
export type DirectoryStoreSettings = z.infer<typeof DirectoryStore>;
export type S3StoreSettings = z.infer<typeof S3Store>;
export type StoreSettings = DirectoryStoreSettings | S3StoreSettings;

const Incident = z.discriminatedUnion("type", [
  z.strictObject({ match: z.string(), type: z.literal("file"), path: z.string().startsWith("/").optional() }),
  z.strictObject({ match: z.string(), type: z.literal("webhook"), url: z.url(), secretFile: z.string() }),
]);
export type IncidentSettings = z.infer<typeof Incident>;

/** A collector of one's own. `{pid}`, `{unit}` and `{out}` in argv are replaced, each as a whole or part of one argument. */
const OwnCollector = z.strictObject({
  summary: z.string().min(1),
  argv: z.array(z.string()).min(1),
  touch: z.enum(["none", "brief", "stop", "inside"]).default("none"),
  timeout: Duration.default(10_000),
  window: z.boolean().default(false),
  sensitive: z
    .array(z.enum(["addresses", "arguments", "paths", "logs", "environment-names", "core"]))
    .default([]),
});
export type OwnCollectorSettings = z.infer<typeof OwnCollector>;

export const Profile = z.strictObject({
  summary: z.string().min(1),
  collectors: z.array(
    z.union([
      z.string(),
      z.strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) }),
    ]),
  ),
  window: Duration.optional(),
});
export type Profile = z.infer<typeof Profile>;

export const Settings = z.strictObject({
  version: z.literal(1),
  store: z.record(Name, z.discriminatedUnion("type", [DirectoryStore, S3Store])),
  spool: z.strictObject({
    path: z.string().startsWith("/"),
    keepAfterUpload: Duration,
    maxSize: Size,
    keepFree: KeepFree,
  }),
  link: z.strictObject({ base: z.url().nullable() }),
  incidents: z.array(Incident),
  placement: z.record(z.string(), z.string()),
  capture: z.strictObject({ budget: Duration, maxPause: Duration, profile: z.string(), window: Duration }),
  profiles: z.record(Name, Profile),
  collectors: z.record(
    Name,
    z.union([OwnCollector, z.strictObject({ options: z.record(z.string(), z.unknown()) })]),
  ),
});
export type Settings = z.infer<typeof Settings>;
