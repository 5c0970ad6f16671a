// What one of our own commands printed, as the result of an order of a fleet. What a stranger's program said is text.
import { z } from "zod";
import type { FarResult } from "../fleet/ssh/messages.ts";
import { printable } from "../printable.ts";

/** How a command of ours ended, and what it said. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

// Looser than what is published: an older result must still tell whether there is a bundle.
const Collector = z.looseObject({
  name: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  byChoice: z.literal(true).optional(),
  bytes: z.number().optional(),
});
const Saved = z.looseObject({
  saved: z.literal(true),
  captureId: z.string(),
  state: z.string(),
  path: z.string(),
  collectors: z.array(Collector),
  pausedMs: z.number().optional(),
  upload: z.looseObject({ state: z.string(), url: z.string().optional(), reason: z.string().optional() }),
  problem: z.string().optional(),
});
const NotSaved = z.looseObject({ saved: z.literal(false), reason: z.string() });
const Capture = z.discriminatedUnion("saved", [Saved, NotSaved]);
type Capture = z.infer<typeof Capture>;
const Captures = z.looseObject({ captures: z.array(Capture) });
const Guarded = z.looseObject({
  capture: Capture,
  command: z.looseObject({
    exitCode: z.number().optional(),
    signal: z.string().optional(),
    notStarted: z.string().optional(),
  }),
});
const Checked = z.looseObject({ checks: z.array(z.looseObject({ answer: z.string(), text: z.string() })) });

const nothing: Pick<FarResult, "kind" | "captureIds" | "urls"> = { kind: "result", captureIds: [], urls: [] };

/** A line that a person can act on: our last complaint, with its hint. */
export function complaintIn({ stderr, exitCode }: Ended): string {
  const lines = stderr.split("\n");
  const at = lines.findLastIndex((line) => line.startsWith("exhibit: "));
  const hint = lines[at + 1]?.startsWith("  ") ? `; ${lines[at + 1]?.trim()}` : "";
  const last = lines.findLast((line) => line.trim() !== "") ?? "";
  const told = at === -1 ? last : `${lines[at]?.slice("exhibit: ".length)}${hint}`;
  return printable(told, 400) || `exit status ${exitCode ?? "not known"}`;
}

/** The document that ends the output; what COMMAND wrote to the same stdout comes before it. */
export function lastDocument(stdout: string): unknown {
  const at = stdout.startsWith("{\n") ? 0 : stdout.lastIndexOf("\n{\n") + 1;
  try {
    return JSON.parse(stdout.slice(at));
  } catch {
    return undefined;
  }
}

/** Of `exhibit capture --json`. */
export function captureOutcome(ended: Ended): FarResult {
  const found = Captures.safeParse(lastDocument(ended.stdout));
  if (!found.success || found.data.captures.length === 0)
    return { ...nothing, state: "failed", reason: complaintIn(ended) };
  return outcomeOf(found.data.captures);
}

function outcomeOf(captures: readonly Capture[]): FarResult {
  const saved = captures.flatMap((one) => (one.saved ? [one] : []));
  const reasons = captures.flatMap(gapsOf);
  const reason = reasons.length === 0 ? {} : { reason: printable(reasons.join("; "), 600) };
  if (saved.length === 0) {
    const isBusy = reasons.every((text) => text.includes("another capture of process"));
    return { ...nothing, state: isBusy ? "busy" : "failed", ...reason };
  }
  const pauses = saved.flatMap(({ pausedMs }) => (pausedMs === undefined ? [] : [pausedMs]));
  return {
    kind: "result",
    state: reasons.length === 0 ? "done" : "partial",
    ...reason,
    captureIds: saved.map(({ captureId }) => captureId),
    urls: saved.map(({ upload, path }) => upload.url ?? path),
    // Of one that does not know, the sum is not known either.
    ...(pauses.length === saved.length ? { pausedMs: sum(pauses) } : {}),
    bytes: sum(saved.flatMap(({ collectors }) => collectors.map(({ bytes }) => bytes ?? 0))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

/** Why a capture is not complete; empty when it is. */
function gapsOf(capture: Capture): readonly string[] {
  if (!capture.saved) return [capture.reason];
  const { state, collectors, upload, problem } = capture;
  const missing = collectors
    .filter(({ status, byChoice }) => byChoice !== true && status !== "ok" && status !== "unsupported")
    .map(({ name, status, reason }) => `${name} ${status}${reason === undefined ? "" : `: ${reason}`}`);
  const gaps = [
    ...missing,
    ...(problem === undefined ? [] : [problem]),
    ...(upload.state === "waiting" ? [`the upload waits: ${upload.reason ?? "exhibit push sends it"}`] : []),
  ];
  return gaps.length === 0 && state !== "complete" ? [`the capture is ${state}`] : gaps;
}

/** Of `exhibit guard --json`: a COMMAND that was not run or failed is a failure, whatever was saved. */
export function guardOutcome(ended: Ended): FarResult {
  const found = Guarded.safeParse(lastDocument(ended.stdout));
  if (!found.success) return { ...nothing, state: "failed", reason: complaintIn(ended) };
  const { capture, command } = found.data;
  const outcome = outcomeOf([capture]);
  const exit = command.exitCode === undefined ? {} : { exitCode: command.exitCode };
  if (command.exitCode === 0) return { ...outcome, ...exit };
  const how = command.notStarted ?? (command.signal === undefined ? undefined : `ended by ${command.signal}`);
  const said = ended.stderr
    .split("\n")
    .findLast((line) => line.trim() !== "" && !/^(?:exhibit: |  )/.test(line));
  const what = `COMMAND: ${how ?? `exit ${command.exitCode ?? "status not known"}`}${said === undefined ? "" : `: ${said.trim()}`}`;
  return { ...outcome, ...exit, state: "failed", reason: printable(what, 600) };
}

/** Of `exhibit check --json`. */
export function checkOutcome(ended: Ended): FarResult {
  const found = Checked.safeParse(lastDocument(ended.stdout));
  const exit = ended.exitCode === undefined ? {} : { exitCode: ended.exitCode };
  if (!found.success || found.data.checks.length === 0)
    return { ...nothing, ...exit, state: "failed", reason: complaintIn(ended) };
  const { checks } = found.data;
  const isPartial = checks.some(({ answer }) => answer === "unknown");
  const answer = printable(checks.map(({ text }) => text).join("; "), 2000);
  return { ...nothing, ...exit, state: isPartial ? "partial" : "done", answer };
}

const Spool = z.looseObject({
  bundles: z.array(
    z.looseObject({
      captureId: z.string(),
      state: z.string(),
      job: z.string().optional(),
      path: z.string(),
      url: z.string().optional(),
      upload: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
});

/** What `exhibit ls --json` printed; undefined when it is not that. */
export function spoolIn({ stdout }: Ended): z.infer<typeof Spool>["bundles"] | undefined {
  const found = Spool.safeParse(lastDocument(stdout));
  return found.success ? found.data.bundles : undefined;
}

/** Of a job whose process is gone: what it left in the spool. Undefined while one of its captures still runs. */
export function leftOutcome(job: string, ended: Ended): FarResult | undefined {
  const mine = spoolIn(ended)?.filter((bundle) => bundle.job === job) ?? [];
  if (mine.some(({ state }) => state === "capturing")) return undefined;
  if (mine.length === 0)
    return { ...nothing, state: "lost", reason: "it was begun, what did it is gone, and it left no bundle" };
  const isWhole = mine.every(({ state, upload }) => state === "complete" && upload !== "waiting");
  return {
    kind: "result",
    state: isWhole ? "done" : "partial",
    ...(isWhole
      ? {}
      : {
          reason: printable(
            mine.map(({ state, reason }) => reason ?? `the capture is ${state}`).join("; "),
            600,
          ),
        }),
    captureIds: mine.map(({ captureId }) => captureId),
    urls: mine.map(({ url, path }) => url ?? path),
  };
}
