// TCP connections that the other side has closed and the process has not.
import { formatDuration } from "../../incident/wording.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openLevel } from "./level.ts";
import type { LookRule } from "./rule.ts";

export function closeWaitRule({
  above,
  for: forMs,
}: Pick<TriggerOf<"close-wait">, "above" | "for">): LookRule {
  const level = openLevel(above, forMs);
  return {
    judge: (look, upMs) => {
      if (look.kind !== "deep") return undefined;
      // A state without a socket is not named.
      const count = look.sockets && (look.sockets.CLOSE_WAIT ?? 0);
      if (!level.isHeld(count, upMs)) return false;
      return {
        text: `${count} connections in CLOSE_WAIT, above ${above} for ${formatDuration(forMs)}`,
      };
    },
  };
}
