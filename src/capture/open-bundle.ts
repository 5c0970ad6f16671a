// The beginning of a capture's bundle: capture.json and the first look, durable, before anything else happens. Everything
// here is synchronous and runs ahead of the host's other work, because the process may be gone a moment later.
import { basename, join } from "node:path";
import type { BundlePaths } from "../bundle/layout.ts";
import type { CaptureFile, CollectorRecord, Target } from "../bundle/manifest.ts";
import { secretValues } from "../bundle/redaction/secret-values.ts";
import { createFileSync, fsyncFolderSync, makeFolderSync } from "../host/files.ts";
import type { Clock } from "../host/clock.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { beginBundle } from "./begin-bundle.ts";
import { takeFirstLook } from "./first-look.ts";
import type { CapturePlan } from "./plan.ts";
import type { CaptureRequest } from "./request.ts";

export const FIRST_LOOK = "first-look";

export interface OpenedBundle {
  readonly paths: BundlePaths;
  readonly capture: CaptureFile & { readonly target: Target };
  readonly firstLook: CollectorRecord;
}

/** Environment and arguments may not be ours to read: then only the rules find secrets. */
function readSecrets(held: HeldProcess): readonly string[] {
  const read = (name: string) => {
    try {
      return held.readSync(name, 1024 ** 2);
    } catch {
      return Buffer.alloc(0);
    }
  };
  return secretValues(read("environ"), read("cmdline"));
}

/** Makes the bundle's folder with capture.json and the first look in it; it appears in the spool with both, durable. */
export function openBundle(request: CaptureRequest, plan: CapturePlan, clock: Clock): OpenedBundle {
  const startedAt = clock.now();
  const startedMs = clock.elapsedMs();
  const { target, held } = request;
  const name = target.service?.replace(/\.service$/, "") ?? `${target.command}_${target.pid}`;
  const { paths, capture, filled } = beginBundle(request, {
    name: basename(name),
    startedAt,
    secrets: readSecrets(held),
    facts: ({ redactArguments }) => ({
      ...(request.mitigation === undefined
        ? {}
        : { mitigation: { argv: redactArguments(request.mitigation.argv) } }),
      target:
        target.arguments === undefined ? target : { ...target, arguments: redactArguments(target.arguments) },
      profile: request.profile,
      budgetMs: request.budgetMs,
      maxPauseMs: request.maxPauseMs,
      planned: plan.collectors.map(({ collector, asked, touch, estimate }) => ({
        name: collector.name,
        tool: collector.tool,
        ...(asked ? { asked } : {}),
        touch,
        estimate,
      })),
    }),
    fill: (evidence) => {
      const folder = join(evidence, FIRST_LOOK);
      makeFolderSync(folder);
      const look = takeFirstLook(held, startedAt);
      createFileSync(join(folder, "proc.jsonl"), look.data);
      fsyncFolderSync(folder);
      return look;
    },
  });
  return { paths, capture, firstLook: record(filled, { startedAt, startedMs, clock }) };
}

function record(
  look: { readonly data: Buffer; readonly entries: number; readonly unreadable: number },
  time: { readonly startedAt: string; readonly startedMs: number; readonly clock: Clock },
): CollectorRecord {
  return {
    name: FIRST_LOOK,
    tool: "proc",
    touch: "none",
    status: "ok",
    method: `${look.entries} reads of /proc, ${look.unreadable} refused or absent`,
    startedAt: time.startedAt,
    endedAt: time.clock.now(),
    startedMonotonicMs: time.startedMs,
    durationMs: Math.round(time.clock.elapsedMs() - time.startedMs),
    commands: [],
    bytes: look.data.length,
  };
}
