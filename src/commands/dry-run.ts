// --dry-run: what would run, its cost, and where it would go. Nothing is run, written or stopped.
import prettyBytes from "pretty-bytes";
import type { CapturePlan, PlannedCollector } from "../capture/plan.ts";
import { planRequest } from "../capture/plan-request.ts";
import type { CaptureRequest } from "../capture/request.ts";
import { printable } from "../printable.ts";
import type { Destination } from "./destination.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { planNotes } from "./note-plan.ts";
import type { PlanResult } from "./results/captures.ts";
import { wrapText } from "./style.ts";

type Plan = PlanResult["plans"][number];

const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

export async function showPlan(
  requests: readonly CaptureRequest[],
  to: {
    readonly destination: Destination;
    readonly context: CommandContext<{ readonly noNote: boolean }>;
    readonly argv?: readonly string[];
  },
): Promise<CommandResult> {
  const { destination, context, argv } = to;
  const json: PlanResult = { plans: [] };
  const texts: string[] = [];
  for (const request of requests) {
    const { collectors, windowMs } = await planRequest(request);
    request.held.close();
    const plan: Plan = {
      target: request.target,
      careful: [...request.careful],
      budgetMs: request.budgetMs,
      maxPauseMs: request.maxPauseMs,
      windowMs,
      collectors: collectors.map((planned) => describe(planned, request)),
      spool: request.spool.path,
      ...(destination.store === undefined ? {} : { store: destination.store.location }),
      notes: context.options.noNote ? [] : planNotes(request.incidents, destination.records),
      ...(argv === undefined ? {} : { command: [...argv] }),
    };
    json.plans.push(plan);
    texts.push(...linesOf(plan, collectors, context.terminal.columns));
  }
  return { exitCode: 0, text: `${texts.join("\n")}\n`, json };
}

function describe(
  { collector, touch, estimate, leftOut }: PlannedCollector,
  { platform }: CaptureRequest,
): Plan["collectors"][number] {
  return {
    name: collector.name,
    tool: collector.tool,
    touch,
    estimate,
    needs: [...(collector.platforms[platform]?.needs ?? [])],
    ...(leftOut === undefined ? { runs: true } : { runs: false, reason: leftOut.reason }),
  };
}

function linesOf(plan: Plan, collectors: CapturePlan["collectors"], columns: number): readonly string[] {
  const { target, windowMs } = plan;
  return [
    `${printable(target.service ?? target.command)} (pid ${target.pid})`,
    `  within ${seconds(plan.budgetMs)}, samples over ${seconds(windowMs)}, stopped for ${seconds(plan.maxPauseMs)} at most`,
    ...collectors.flatMap(({ collector, touch, estimate, leftOut }) => {
      const head = `  ${collector.name.padEnd(10)}  ${collector.tool.padEnd(11)}  ${touch.padEnd(6)}`;
      const time = seconds(collector.window ? windowMs : estimate.timeMs);
      const pause = estimate.pauseMs > 0 ? `, stops it ${seconds(estimate.pauseMs)}` : "";
      const cost = `${time}${pause}, ${prettyBytes(estimate.sizeBytes, { binary: true })}`;
      return wrapText(`${head}  ${leftOut ? `not run: ${leftOut.reason}` : cost}`, {
        columns,
        indent: head.length + 2,
      });
    }),
    `  kept in  ${printable(plan.spool, 300)}`,
    ...(plan.store === undefined ? [] : [`  goes to  ${printable(plan.store, 300)}`]),
    ...plan.notes.map(
      ({ incident, record, where }) =>
        `  noted    on ${printable(incident)}: ${record === "none" ? where : `${record} ${printable(where, 300)}`}`,
    ),
    ...(plan.command === undefined ? [] : [`  then     ${printable(plan.command.join(" "), 300)}`]),
  ];
}
