// The settings of triggers: what the agent watches, and when it captures by itself. One shape for each kind of rule.
import { z } from "zod";
import { Duration, Size } from "./settings-values.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** systemd.unit(5): the characters of a unit's name; it may end in `.service`, and in no other type of unit. */
const Unit = z
  .string()
  .regex(
    /^[A-Za-z0-9:_.\\@-]{1,255}$(?<!\.(?:scope|socket|target|mount|automount|swap|path|timer|slice|device))/,
    "expected the name of a systemd service, such as muskie@7",
  );

const shared = {
  /** One of the two is there (settings-meaning.ts). */
  unit: Unit.optional(),
  match: z.string().min(1).optional(),
  cooldown: Duration.default(HOUR_MS),
  /** Captures in any 24 hours. */
  atMost: z.int().min(1).max(100).default(5),
  profile: z.string().min(1).default("quick"),
  incidents: z.array(z.string().min(1).max(2000)).max(10).default([]),
};
const held = { ...shared, for: Duration.default(MINUTE_MS) };
const counted = { ...shared, times: z.int().min(1).max(10_000).default(1) };
const count = z.int().positive();

const Cpu = z.strictObject({ when: z.literal("cpu"), above: z.number().positive(), ...held });
const Resident = z.strictObject({ when: z.literal("rss"), above: Size, ...held });
const Descriptors = z.strictObject({ when: z.literal("descriptors"), above: count, ...held });
const CloseWait = z.strictObject({ when: z.literal("close-wait"), above: count, ...held });
const EventLoopDelay = z.strictObject({
  when: z.literal("event-loop-delay"),
  above: Duration,
  metrics: z.url({ protocol: /^https?$/, error: "expected an http or https address" }),
  /** A gauge in seconds, in the text format of Prometheus. */
  metric: z
    .string()
    .regex(/^[A-Za-z_:][A-Za-z0-9_:]*$/, "expected the name of a metric")
    .default("nodejs_eventloop_lag_seconds"),
  ...held,
});
const Restarts = z.strictObject({
  when: z.literal("restarts"),
  within: Duration.default(10 * MINUTE_MS),
  ...counted,
});
const LogLine = z.strictObject({
  when: z.literal("log"),
  line: z.string().min(1),
  /** Without it the journal of the unit. */
  file: z.string().startsWith("/").optional(),
  within: Duration.default(MINUTE_MS),
  ...counted,
});

export const Trigger = z.discriminatedUnion("when", [
  Cpu,
  Resident,
  Descriptors,
  CloseWait,
  EventLoopDelay,
  Restarts,
  LogLine,
]);
export type TriggerSettings = z.infer<typeof Trigger>;
/** Of one kind: `TriggerOf<"rss">`. */
export type TriggerOf<Kind extends TriggerSettings["when"]> = Extract<
  TriggerSettings,
  { readonly when: Kind }
>;
