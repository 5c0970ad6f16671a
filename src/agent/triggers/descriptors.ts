// Open descriptors.
import { formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openLevel } from "./level.ts";
import type { LookRule } from "./rule.ts";

export function descriptorsRule({
  above,
  for: forMs,
}: Pick<TriggerOf<"descriptors">, "above" | "for">): LookRule {
  const level = openLevel(above, forMs);
  return {
    judge: (look, upMs) => {
      if (look.kind !== "deep") return undefined;
      if (!level.isHeld(look.descriptors, upMs)) return false;
      return { text: `${look.descriptors} open descriptors, above ${above} for ${formatDuration(forMs)}` };
    },
  };
}
