// Restarts that systemd made by itself (Restart= of systemd.service(5), counted in NRestarts): those by hand are not.
import { delay, upMs } from "../../host/clock.ts";
import { runQuick } from "../../host/run.ts";
import { parseSystemctlShow, UNIT_PROPERTIES, type UnitState } from "../../parsers/systemctl-show.ts";
import { printable } from "../../printable.ts";
import { formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openOccurrences } from "./occurrences.ts";
import type { EventRule } from "./rule.ts";

/** systemctl takes about 10 ms of CPU. */
const LOOK_MS = 5000;

export function restartsRule({
  unit,
  times,
  within,
}: Pick<TriggerOf<"restarts">, "times" | "within"> & { readonly unit: string }): EventRule {
  const occurrences = openOccurrences(times, within);
  return {
    watch: async ({ found, blind }, signal) => {
      let last: number | undefined;
      let isDue = false;
      while (!signal.aborted) {
        const { state, reason } = await show(unit);
        blind(reason);
        const restarts = state?.restarts;
        // Less than before: somebody started it, and systemd counts from 0.
        const more = last === undefined || restarts === undefined ? 0 : Math.max(0, restarts - last);
        last = restarts ?? last;
        if (more > 0) isDue = occurrences.add(more, upMs()) || isDue;
        // Between two starts there is nothing to capture.
        if (isDue && state?.mainPid !== undefined) {
          isDue = false;
          found({ text: `systemd restarted it ${countOf(times)} within ${formatDuration(within)}` });
        }
        await delay(LOOK_MS, signal);
      }
    },
  };
}

function countOf(times: number): string {
  return times === 1 ? "once or more" : `${times} times or more`;
}

async function show(unit: string): Promise<{ readonly state?: UnitState; readonly reason?: string }> {
  const { exitCode, stdout, stderr } = await runQuick([
    "systemctl",
    "show",
    "--no-pager",
    "-p",
    UNIT_PROPERTIES,
    "--",
    unit,
  ]);
  const state = exitCode === 0 ? parseSystemctlShow(stdout) : undefined;
  if (state === undefined)
    return { reason: `systemctl: ${printable(stderr.trim().split("\n")[0] ?? "", 200) || "no answer"}` };
  if (state.loadState === "not-found") return { reason: `there is no unit ${unit} on this host` };
  return { state };
}
