// Resident memory.
import { formatBytes, formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openLevel } from "./level.ts";
import type { LookRule } from "./rule.ts";

export function residentRule({ above, for: forMs }: Pick<TriggerOf<"rss">, "above" | "for">): LookRule {
  const level = openLevel(above, forMs);
  return {
    judge: (look, upMs) => {
      if (look.kind !== "process") return undefined;
      const { residentBytes } = look;
      if (!level.isHeld(residentBytes, upMs) || residentBytes === undefined) return false;
      return {
        text: `RSS ${formatBytes(residentBytes)}, above ${formatBytes(above)} for ${formatDuration(forMs)}`,
      };
    },
  };
}
