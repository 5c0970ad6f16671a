// What a capture will do: which collectors, in which order, for how long, and which not and why. Volatile first, cheap
// first, what stops the target last, the core at the very end; everything within the budget, or said to be left out.
import prettyBytes from "pretty-bytes";
import type { Collector, Estimate, Platform, Touch } from "../collectors/collector.ts";
import type { Target } from "../bundle/manifest.ts";

export interface LeftOut {
  readonly status: "skipped" | "unsupported" | "failed";
  readonly reason: string;
  /** The operator asked for it: nothing is missing. */
  readonly byChoice?: true;
}

export interface PlannedCollector {
  readonly collector: Collector;
  readonly options: unknown;
  /** The operator named it: when it is unsupported, something is missing. */
  readonly asked?: true;
  readonly touch: Touch;
  readonly estimate: Estimate;
  /** `window`: side by side, the target runs. `pause`: one at a time, each may stop it. */
  readonly phase: "window" | "pause";
  /** Why it will not run. */
  readonly leftOut: LeftOut | undefined;
}

export interface CapturePlan {
  readonly collectors: readonly PlannedCollector[];
  /** How long samplers look. */
  readonly windowMs: number;
  /** Collecting ends here, counted from the start of the capture, so that securing fits the budget too. */
  readonly collectUntilMs: number;
}

export interface PlanRequest {
  readonly collectors: readonly Pick<PlannedCollector, "collector" | "options" | "asked">[];
  readonly target: Target;
  readonly platform: Platform;
  readonly budgetMs: number;
  readonly maxPauseMs: number;
  /** The longest window that the profile or the settings ask for. */
  readonly windowMs: number;
  /** What has already gone by. */
  readonly elapsedMs: number;
  /** How much longer our work takes than its CPU time: 1 on an idle host. */
  readonly slowness: number;
  readonly spendableBytes: number;
  /** Why nothing that holds memory may be kept. */
  readonly noMemory?: string;
  /** Reasons why nothing may stop this target: pid 1, a kernel thread, one of our own. */
  readonly careful: readonly string[];
}

/**
 * Kept back for the collectors' ends, for fsync and for starting COMMAND: a little CPU, which takes `slowness` times as
 * long on a host that has none to spare.
 */
export function reserveOf({ budgetMs, slowness }: Pick<PlanRequest, "budgetMs" | "slowness">): number {
  return Math.min(budgetMs * 0.3, 4000, Math.max(300, budgetMs * 0.05) * slowness);
}

/** From the plan to the first tick, and from the last to a collector's end: what the window itself must leave. */
const AROUND_WINDOW_MS = 400;
/** A window shorter than this shows nothing. */
const SHORTEST_WINDOW_MS = 1000;

function size(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

/** Kernel seconds as people read them. */
function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function reasonToLeaveOut(
  planned: { readonly collector: Collector; readonly touch: Touch; readonly estimate: Estimate },
  request: PlanRequest,
): LeftOut | undefined {
  const { touch, estimate } = planned;
  const stops = touch === "brief" || touch === "stop";
  if (request.noMemory !== undefined && planned.collector.sensitive.includes("core"))
    return { status: "skipped", reason: request.noMemory };
  if (stops && request.careful.length > 0)
    return { status: "skipped", reason: `would stop the target: ${request.careful.join("; ")}` };
  if (stops && request.maxPauseMs === 0)
    return { status: "skipped", reason: "would stop the target, and --max-pause is 0", byChoice: true };
  if (estimate.pauseMs > request.maxPauseMs) {
    const limit = seconds(request.maxPauseMs);
    return {
      status: "skipped",
      reason: `would stop the target for about ${seconds(estimate.pauseMs)}; --max-pause is ${limit}`,
    };
  }
  if (estimate.sizeBytes > request.spendableBytes)
    return {
      status: "skipped",
      reason: `needs about ${size(estimate.sizeBytes)}; ${size(request.spendableBytes)} may be written (--max-size, spool.keepFree)`,
    };
  const leftMs = request.budgetMs - request.elapsedMs - reserveOf(request) - SHORTEST_WINDOW_MS;
  if (stops && estimate.timeMs > leftMs)
    return {
      status: "skipped",
      reason: `takes about ${seconds(estimate.timeMs)}; of the budget of ${seconds(request.budgetMs)} it may have ${seconds(Math.max(0, leftMs))}`,
    };
  return undefined;
}

/** What stops the target comes last, and of it what stops it longest. */
function placeOf({ phase, touch }: PlannedCollector): number {
  if (phase === "window") return 0;
  return touch === "brief" ? 1 : 2;
}

/** Plans a capture; pure. */
export function planCapture(request: PlanRequest): CapturePlan {
  const collectUntilMs = request.budgetMs - reserveOf(request);
  const planned = request.collectors.map((choice): PlannedCollector => {
    const { collector } = choice;
    const support = collector.platforms[request.platform];
    const touch = support?.touch ?? "none";
    const all = collector.estimate(request.target, request.windowMs, {
      platform: request.platform,
      options: choice.options,
    });
    // Its estimate is of the tool that may stop; on a platform where it only reads, it does not.
    const estimate = touch === "none" ? { ...all, pauseMs: 0 } : all;
    const phase = touch === "brief" || touch === "stop" ? "pause" : "window";
    const leftOut: LeftOut | undefined = support
      ? reasonToLeaveOut({ collector, touch, estimate }, request)
      : { status: "unsupported", reason: `not on ${request.platform}` };
    return { ...choice, touch, estimate, phase, leftOut };
  });
  const runs = planned.filter((one) => one.leftOut === undefined);
  const pausesMs = runs
    .filter((one) => one.phase === "pause")
    .reduce((sum, one) => sum + one.estimate.timeMs, 0);
  const left = collectUntilMs - request.elapsedMs - pausesMs - AROUND_WINDOW_MS;
  const windowMs = Math.max(Math.min(SHORTEST_WINDOW_MS, request.windowMs), Math.min(request.windowMs, left));
  return { collectors: planned.toSorted((a, b) => placeOf(a) - placeOf(b)), windowMs, collectUntilMs };
}
