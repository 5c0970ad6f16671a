// CPU time: the mean over the time, so that a second of rest does not hide an hour of work.
import { formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import type { LookRule } from "./rule.ts";

/** Looks that are kept, however long the time and short the period. */
const MOST_LOOKS = 120;

export function cpuRule({ above, for: forMs }: Pick<TriggerOf<"cpu">, "above" | "for">): LookRule {
  let looks: { readonly upMs: number; readonly cpuMs: number }[] = [];
  return {
    judge: (look, upMs) => {
      if (look.kind !== "process") return undefined;
      const { cpuMs } = look;
      if (cpuMs === undefined) {
        looks = [];
        return false;
      }
      // The last that is old enough; those before it are of no use any more.
      const from = looks.findLast((one) => upMs - one.upMs >= Math.max(forMs, 1));
      if (from !== undefined) looks = looks.slice(looks.indexOf(from));
      const last = looks.at(-1);
      if (last === undefined || upMs - last.upMs >= forMs / MOST_LOOKS) looks.push({ upMs, cpuMs });
      if (from === undefined) return false;
      const percent = (100 * (cpuMs - from.cpuMs)) / (upMs - from.upMs);
      if (percent <= above) return false;
      return { text: `CPU ${Math.round(percent)}% of a core, above ${above}% for ${formatDuration(forMs)}` };
    },
  };
}
