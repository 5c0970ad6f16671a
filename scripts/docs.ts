// `npm run docs`: writes schema/*.schema.json from the zod schemas. A test fails when they are out of date.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Outcome, Receipt } from "../src/bundle/after-seal.ts";
import { CaptureFile, Manifest } from "../src/bundle/manifest.ts";
import {
  DemoResult,
  FetchResult,
  LsResult,
  LsStoreResult,
  NoteCommandResult,
  PushResult,
  ShowFileResult,
  ShowLinkResult,
  ShowResult,
  VerifyResult,
} from "../src/commands/results/bundles.ts";
import { CaptureResult, GuardResult, PlanResult } from "../src/commands/results/captures.ts";
import { CheckResult } from "../src/commands/results/check.ts";
import { FleetLine } from "../src/commands/results/fleet.ts";
import { DiffResult } from "../src/commands/results/diff.ts";
import { AddResult, RunResult } from "../src/commands/results/during.ts";
import { ReportResult } from "../src/commands/results/report.ts";
import {
  ArmResult,
  CompletionResult,
  ConfigResult,
  CredentialsResult,
  DoctorResult,
  ProfileResult,
  ProfilesResult,
} from "../src/commands/results/setup.ts";

export const SCHEMA_FOLDER = fileURLToPath(new URL("../schema", import.meta.url));

const SCHEMAS: Readonly<Record<string, readonly [string, z.ZodType]>> = {
  "capture-file": ["capture.json of a bundle", CaptureFile],
  manifest: ["manifest.json of a bundle", Manifest],
  outcome: ["outcome.json beside a bundle", Outcome],
  receipt: ["the receipt beside a bundle in the spool", Receipt],
  "add-result": ["exhibit add --json", AddResult],
  "arm-result": ["exhibit arm --json", ArmResult],
  "capture-result": ["exhibit capture --json", CaptureResult],
  "check-result": ["exhibit check --json", CheckResult],
  "completion-result": ["exhibit completion SHELL --json", CompletionResult],
  "config-result": ["exhibit config --json", ConfigResult],
  "credentials-result": ["exhibit agent credentials FOLDER --json", CredentialsResult],
  "diff-result": ["exhibit diff A B --json", DiffResult],
  "doctor-result": ["exhibit doctor --json", DoctorResult],
  "demo-result": ["exhibit demo --json", DemoResult],
  "fetch-result": ["exhibit fetch REF --json", FetchResult],
  "fleet-line": ["each line of exhibit fleet --json", FleetLine],
  "guard-result": ["exhibit guard --json", GuardResult],
  "ls-result": ["exhibit ls --json", LsResult],
  "ls-store-result": ["exhibit ls --store --json", LsStoreResult],
  "note-result": ["exhibit note ID --json, with or without --to", NoteCommandResult],
  "plan-result": ["exhibit guard --dry-run --json, exhibit capture --dry-run --json", PlanResult],
  "profile-result": ["exhibit profiles show NAME --json", ProfileResult],
  "profiles-result": ["exhibit profiles --json", ProfilesResult],
  "push-result": ["exhibit push --json", PushResult],
  "report-result": ["exhibit report REF --json", ReportResult],
  "run-result": ["exhibit run --json", RunResult],
  "show-file-result": ["exhibit show REF FILE --json", ShowFileResult],
  "show-link-result": ["exhibit show REF [FILE] --link TIME --json", ShowLinkResult],
  "show-result": ["exhibit show REF --json", ShowResult],
  "verify-result": ["exhibit verify REF --json", VerifyResult],
};

/** The text of each file of schema/, by its name. */
export function schemaFiles(): ReadonlyMap<string, string> {
  const files = Object.entries(SCHEMAS).map(([name, [title, schema]]): [string, string] => {
    const { $schema, ...rest } = z.toJSONSchema(schema);
    return [`${name}.schema.json`, `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`];
  });
  return new Map(files);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(SCHEMA_FOLDER, { recursive: true });
  for (const [name, text] of schemaFiles()) writeFileSync(join(SCHEMA_FOLDER, name), text);
}
