// What the agent is asked to do by others, as words for our own command line: checked, and never taken for an option.
import { z } from "zod";
import type { CaptureOrder as FleetOrder } from "../fleet/contract.ts";
import { parseDurationMs } from "../units.ts";

const Text = z.string().min(1).max(2000);
const Time = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, "expected a duration such as 30s");

const target = {
  unit: Text.optional(),
  container: Text.optional(),
  pid: z.int().positive().optional(),
  match: Text.optional(),
};

function isOne(asked: { unit?: unknown; container?: unknown; pid?: unknown; match?: unknown }): boolean {
  return (
    [asked.unit, asked.container, asked.pid, asked.match].filter((one) => one !== undefined).length === 1
  );
}
const ONE = "name the target once: unit, container, pid or match";

export const CaptureOrder = z
  .strictObject({
    ...target,
    profile: Text.optional(),
    budget: Time.optional(),
    maxPause: Time.optional(),
    reason: Text.optional(),
    incidents: z.array(Text).max(10).default([]),
  })
  .refine(isOne, ONE);

export const CheckOrder = z
  .strictObject({ ...target, connectedTo: z.array(Text).max(100).default([]) })
  .refine(isOne, ONE);

type Target = Pick<z.infer<typeof CaptureOrder>, keyof typeof target>;

function option(flag: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${flag}=${value}`];
}

export function targetWords({ unit, container, pid, match }: Target): readonly string[] {
  const word = container === undefined ? unit : `container:${container}`;
  return [
    ...option("--pid", pid === undefined ? undefined : String(pid)),
    ...option("--match", match),
    ...(word === undefined ? [] : ["--", word]),
  ];
}

export function captureWords(order: z.infer<typeof CaptureOrder>): readonly string[] {
  return [
    "capture",
    ...option("--profile", order.profile),
    ...option("--budget", order.budget),
    ...option("--max-pause", order.maxPause),
    ...option("--reason", order.reason),
    ...order.incidents.flatMap((incident) => option("--incident", incident)),
    ...targetWords(order),
  ];
}

export function checkWords(order: z.infer<typeof CheckOrder>): readonly string[] {
  return [
    "check",
    ...order.connectedTo.flatMap((peer) => option("--connected-to", peer)),
    ...targetWords(order),
  ];
}

/** Of an order of a fleet, which posts one note for all its hosts. */
export function jobWords(order: Omit<FleetOrder, "protocol" | "target">): readonly string[] {
  return [
    `--job=${order.job}`,
    `--budget=${order.budgetMs}ms`,
    `--max-pause=${order.maxPauseMs}ms`,
    ...option("--profile", order.profile),
    ...option("--reason", order.reason),
    ...order.incidents.map((incident) => `--incident=${incident}`),
    "--no-note",
  ];
}
