// What --json prints for the commands that set Exhibit up: published under schema/, and the types of their results.
import { z } from "zod";

const Origin = z.strictObject({
  source: z.enum(["default", "file", "env", "flag"]),
  file: z.string().optional().describe("the file, or the variable"),
  line: z.int().positive().optional(),
});

/** exhibit config --json */
export const ConfigResult = z.strictObject({
  settings: z.record(z.string(), z.unknown()).describe("as they were written: durations and sizes are text"),
  origins: z.record(z.string(), Origin).describe("by dotted key of each single value or list"),
  files: z.array(z.string()).describe("the settings files that were read, in order"),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("sha256, as in every manifest"),
});
export type ConfigResult = z.infer<typeof ConfigResult>;

/** exhibit doctor --json */
export const DoctorResult = z.strictObject({
  state: z.enum(["ok", "warning", "failed"]),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      state: z.enum(["ok", "warning", "failed", "skipped"]),
      detail: z.string(),
      fix: z.string().optional(),
    }),
  ),
});
export type DoctorResult = z.infer<typeof DoctorResult>;

/** exhibit agent credentials FOLDER --json */
export const CredentialsResult = z.strictObject({
  folder: z.string(),
  configuration: z.string().describe("of nats-server"),
  ca: z.string().describe("the authority that hosts and people trust"),
  operator: z.string().describe("credentials of who may have captures taken"),
  viewer: z.string().describe("credentials of who may look"),
  hosts: z.array(z.strictObject({ name: z.string(), file: z.string() })),
  expiresAt: z
    .string()
    .optional()
    .describe("until when all credentials of this run are good; absent: for ever"),
  added: z.boolean().describe("by the keys of an earlier run"),
});
export type CredentialsResult = z.infer<typeof CredentialsResult>;

/** exhibit arm --json */
export const ArmResult = z.strictObject({
  armed: z.array(
    z.strictObject({
      unit: z.string(),
      untilAt: z.string().describe("UTC, ISO 8601"),
      budgetMs: z.number().describe("what a capture before a stop may take"),
      profile: z.string().optional(),
      reason: z.string().optional(),
      incidents: z.array(z.string()),
    }),
  ),
});
export type ArmResult = z.infer<typeof ArmResult>;

const ProfileSummary = z.strictObject({
  name: z.string(),
  summary: z.string(),
  from: z.enum(["built-in", "settings"]),
  collectors: z.array(z.string()),
});

/** exhibit profiles --json, exhibit profiles list --json */
export const ProfilesResult = z.strictObject({ profiles: z.array(ProfileSummary) });
export type ProfilesResult = z.infer<typeof ProfilesResult>;

/** exhibit profiles show NAME --json */
export const ProfileResult = z.strictObject({
  ...ProfileSummary.omit({ collectors: true }).shape,
  windowMs: z.number(),
  collectors: z.array(
    z.strictObject({
      name: z.string(),
      tool: z.string(),
      summary: z.string(),
      sensitive: z.array(z.string()),
      window: z.boolean().describe("it samples over time"),
      platforms: z.record(z.string(), z.strictObject({ needs: z.array(z.string()), touch: z.string() })),
      options: z.record(z.string(), z.unknown()),
    }),
  ),
});
export type ProfileResult = z.infer<typeof ProfileResult>;

/** exhibit completion SHELL --json */
export const CompletionResult = z.strictObject({
  shell: z.enum(["bash", "zsh", "fish"]),
  script: z.string(),
});
export type CompletionResult = z.infer<typeof CompletionResult>;
