// What triggers tell as numbers, each with the name of the trigger.
import type { Metric } from "../metrics.ts";
import type { TriggerState } from "./trigger.ts";

export function triggerMetrics(triggers: readonly TriggerState[]): readonly Metric[] {
  const each = (
    metric: Pick<Metric, "name" | "help" | "type">,
    of: (state: TriggerState) => number | undefined,
  ): Metric => ({
    ...metric,
    values: triggers.map((state) => ({ labels: { trigger: state.name }, value: of(state) })),
  });
  return [
    each(
      { name: "exhibit_trigger_armed", help: "1 when it would fire now, were its rule true.", type: "gauge" },
      ({ armed }) => Number(armed),
    ),
    each(
      { name: "exhibit_trigger_watched_processes", help: "Processes that it watches.", type: "gauge" },
      ({ watching }) => watching,
    ),
    each(
      { name: "exhibit_trigger_fired_total", help: "Captures it began.", type: "counter" },
      ({ fired }) => fired,
    ),
    each(
      {
        name: "exhibit_trigger_last_fired_timestamp_seconds",
        help: "When it fired last, by an earlier run of the agent, too.",
        type: "gauge",
      },
      ({ lastFiredAt }) => (lastFiredAt === undefined ? undefined : Date.parse(lastFiredAt) / 1000),
    ),
    {
      name: "exhibit_trigger_refused_total",
      help: "How often its rule became true and it did not fire, by reason.",
      type: "counter",
      values: triggers.flatMap(({ name, refused }) =>
        Object.entries(refused).map(([reason, value]) => ({ labels: { trigger: name, reason }, value })),
      ),
    },
  ];
}
