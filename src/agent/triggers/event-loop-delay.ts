// How late the event loop of a Node process comes around, where the process tells it itself: a gauge on its own page of
// metrics. Nothing is attached to it for this. An answer that takes longer than the limit is itself that late: the kernel took
// the connection, the loop did not come.
import { delay, upMs } from "../../host/clock.ts";
import { openDeadline } from "../../host/deadline.ts";
import { errnoOf, messageOf } from "../../errors.ts";
import { formatDuration } from "../../incident/wording.ts";
import { parseGauge } from "../../parsers/prometheus-text.ts";
import { printable } from "../../printable.ts";
import type { TriggerOf } from "../../settings-triggers.ts";
import { openLevel } from "./level.ts";
import { readPage, SlowError } from "./metrics-page.ts";
import type { EventRule } from "./rule.ts";

const MOST_LOOK_MS = 10_000;
const LEAST_LOOK_MS = 1000;
/** Longer than the limit, for what is not the loop's: the connection, the page itself. */
const ROOM_MS = 1000;

export function eventLoopDelayRule(
  rule: Pick<TriggerOf<"event-loop-delay">, "above" | "for" | "metrics" | "metric">,
): EventRule {
  const { above, for: forMs, metrics, metric } = rule;
  const level = openLevel(above, forMs);
  const lookMs = Math.max(LEAST_LOOK_MS, Math.min(MOST_LOOK_MS, forMs / 3));
  const look = async (): Promise<{ readonly delayMs?: number; readonly reason?: string }> => {
    const deadline = openDeadline(above + ROOM_MS);
    try {
      const seconds = parseGauge(await readPage(metrics, deadline.signal), metric);
      return seconds === undefined
        ? { reason: `${metrics}: there is no number ${metric}` }
        : { delayMs: seconds * 1000 };
    } catch (error) {
      if (error instanceof SlowError) return { delayMs: above + ROOM_MS };
      return { reason: `${metrics}: ${errnoOf(error) ?? printable(messageOf(error), 200)}` };
    } finally {
      deadline.close();
    }
  };
  return {
    watch: async ({ found, blind }, signal) => {
      while (!signal.aborted) {
        const { delayMs, reason } = await look();
        blind(reason);
        if (level.isHeld(delayMs, upMs()) && delayMs !== undefined)
          found({
            text: `event loop ${formatDuration(delayMs)} late, above ${formatDuration(above)} for ${formatDuration(forMs)}`,
          });
        await delay(lookMs, signal);
      }
    },
  };
}
