// What a schema cannot say of triggers: one thing to watch, patterns that compile, times with an end.
import type { KeyFault } from "./settings-faults.ts";
import type { Settings } from "./settings.ts";
import type { TriggerSettings } from "./settings-triggers.ts";

const DAY_MS = 86_400_000;
const MOST_COOLDOWN_MS = 30 * DAY_MS;

/** The faults of triggers whose form is right. */
export function triggerFaults(triggers: Settings["triggers"]): readonly KeyFault[] {
  return Object.entries(triggers).flatMap(([name, trigger]) =>
    faultsIn(trigger).map(([key, expected]) => ({
      path: ["triggers", name, ...(key === undefined ? [] : [key])],
      expected,
    })),
  );
}

type Fault = readonly [key: string | undefined, expected: string];

function faultsIn(trigger: TriggerSettings): readonly Fault[] {
  const faults: Fault[] = [];
  const { unit, match } = trigger;
  if ((unit === undefined) === (match === undefined))
    faults.push([undefined, "expected unit or match, one of the two"]);
  const pattern = (key: string, text: string) => {
    if (!compiles(text)) faults.push([key, "expected a regular expression"]);
  };
  if (match !== undefined) pattern("match", match);
  if ("for" in trigger && trigger.for > DAY_MS) faults.push(["for", "expected at most 24h"]);
  if ("within" in trigger && trigger.within > DAY_MS) faults.push(["within", "expected at most 24h"]);
  if (trigger.cooldown > MOST_COOLDOWN_MS) faults.push(["cooldown", "expected at most 720h"]);
  if (trigger.when === "log") {
    pattern("line", trigger.line);
    if (trigger.file === undefined && unit === undefined)
      faults.push([undefined, "expected unit, whose journal is read, or file"]);
  }
  if (trigger.when === "restarts" && unit === undefined)
    faults.push([undefined, "expected unit: only systemd counts restarts"]);
  return faults;
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(new RegExp(pattern));
  } catch {
    return false;
  }
}
