// The settings: schema and defaults. How files, environment and flags merge, and where each value came from, is in
// settings-files.ts. Strict: an unknown key is an error with its line, never silently ignored.
import { z } from "zod";
import { Incident, type IncidentSettings } from "./settings-incidents.ts";
import { Trigger } from "./settings-triggers.ts";
import { Duration, Size } from "./settings-values.ts";
import { parseSizeBytes } from "./units.ts";

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
const S3Url = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/.*)?$/, "expected s3://bucket/prefix");
const Days = z.int().min(1).max(36_500);
/** Tags go into one header as a query (PutObject, x-amz-tagging); S3 takes ten, two are ours. */
const TAG = /^[\w .:/=+@-]{1,128}$/;
const Tags = z
  .record(z.string().regex(TAG, "expected letters, digits and _ .:/=+@-"), z.string().regex(TAG))
  .refine((tags) => Object.keys(tags).length <= 8, "expected at most 8 tags");
export const S3StoreSettings = z.strictObject({
  type: z.literal("s3"),
  url: S3Url,
  sensitiveUrl: S3Url.nullable().default(null),
  region: z.string().default("us-east-1"),
  endpoint: z.url().nullable().default(null),
  pathStyle: z.boolean().default(false),
  sse: z.enum(["AES256", "aws:kms"]).nullable().default(null),
  kmsKeyId: z.string().min(1).nullable().default(null),
  lockDays: Days.nullable().default(null),
  sensitiveLockDays: Days.nullable().default(null),
  lockMode: z.enum(["GOVERNANCE", "COMPLIANCE"]).default("GOVERNANCE"),
  tags: Tags.default({}),
  checksum: z.enum(["auto", "signed", "crc32"]).default("auto"),
  proxy: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null),
  caFile: z.string().startsWith("/").nullable().default(null),
  credentialsFile: z.string().nullable().default(null),
});
export type DirectoryStoreSettings = z.infer<typeof DirectoryStore>;
export type S3StoreSettings = z.infer<typeof S3StoreSettings>;
export type StoreSettings = DirectoryStoreSettings | S3StoreSettings;

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

const Encrypt = z.strictObject({
  recipients: z.array(z.string()),
  everything: z.boolean(),
  required: z.boolean(),
});
export type EncryptSettings = z.infer<typeof Encrypt>;

const Sign = z.strictObject({
  key: z.string().min(1).nullable(),
  identity: z.string().nullable(),
  allowedSigners: z.string().startsWith("/").nullable(),
});
export type SignSettings = z.infer<typeof Sign>;

/** `db1.example.test:5432`, `10.0.0.7:5432`, `[2001:db8::7]:5432`. */
export const Peer = z
  .string()
  .regex(/^(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}$/, "expected HOST:PORT");

const Service = z.strictObject({
  match: z.string(),
  connectedTo: z.array(Peer).max(100).default([]),
});
export type ServiceSettings = z.infer<typeof Service>;

/** Loopback alone: the metrics are for a collector on this host, and nobody is asked who he is. */
const Loopback = z
  .string()
  .regex(/^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):\d{1,5}$/, "expected 127.0.0.1:PORT or [::1]:PORT");

const Agent = z.strictObject({
  socket: z.string().startsWith("/").max(107, "expected a path of at most 107 bytes"),
  socketMode: z.enum(["0600", "0660"]),
  metrics: Loopback.nullable(),
});

const Recorder = z.strictObject({
  services: z.array(z.string()).max(100),
  period: Duration,
  before: Duration,
});

/** The bus that controllers and agents meet on. Without servers there is none, and nothing of it is loaded. */
const Fleet = z.strictObject({
  servers: z
    .array(z.string().regex(/^(?:tls|nats):\/\/[A-Za-z0-9_.:[\]-]{1,300}$/, "expected tls://HOST:4222"))
    .max(20),
  caFile: z.string().min(1).nullable(),
  credentialsFile: z.string().min(1).nullable(),
  host: z.string().min(1).max(255).nullable(),
  services: z.array(z.strictObject({ match: z.string(), name: z.string().min(1).max(255) })).max(100),
  pausesAtMost: z.int().min(1).max(1000),
});
export type FleetSettings = z.infer<typeof Fleet>;

export const Settings = z.strictObject({
  version: z.literal(1),
  store: z.record(Name, z.discriminatedUnion("type", [DirectoryStore, S3StoreSettings])),
  spool: z.strictObject({
    path: z.string().startsWith("/"),
    keepAfterUpload: Duration,
    maxSize: Size,
    keepFree: KeepFree,
  }),
  link: z.strictObject({ base: z.url().nullable() }),
  encrypt: Encrypt,
  sign: Sign,
  incidents: z.array(Incident),
  placement: z.record(z.string(), z.string()),
  services: z.array(Service),
  capture: z.strictObject({ budget: Duration, maxPause: Duration, profile: z.string(), window: Duration }),
  agent: Agent,
  recorder: Recorder,
  triggers: z.record(Name, Trigger),
  fleet: Fleet,
  profiles: z.record(Name, Profile),
  collectors: z.record(
    Name,
    z.union([OwnCollector, z.strictObject({ options: z.record(z.string(), z.unknown()) })]),
  ),
});
export type Settings = z.infer<typeof Settings>;
export type { IncidentSettings };
