// The kinds of rules by their name in the settings.
import { unitName } from "../../capture/recorder-folder.ts";
import type { TriggerSettings } from "../../settings-triggers.ts";
import { closeWaitRule } from "./close-wait.ts";
import { cpuRule } from "./cpu.ts";
import { descriptorsRule } from "./descriptors.ts";
import { eventLoopDelayRule } from "./event-loop-delay.ts";
import { logRule } from "./log.ts";
import { residentRule } from "./resident.ts";
import { restartsRule } from "./restarts.ts";
import type { EventRule, LookRule } from "./rule.ts";

/** A rule for one process that is looked at; undefined when the trigger watches something else. */
export function lookRuleOf(trigger: TriggerSettings): LookRule | undefined {
  switch (trigger.when) {
    case "cpu":
      return cpuRule(trigger);
    case "rss":
      return residentRule(trigger);
    case "descriptors":
      return descriptorsRule(trigger);
    case "close-wait":
      return closeWaitRule(trigger);
    case "event-loop-delay":
    case "restarts":
    case "log":
      break;
  }
  return undefined;
}

/** Undefined when the trigger looks at processes. */
export function eventRuleOf(trigger: TriggerSettings): EventRule | undefined {
  const unit = unitName(trigger.unit ?? "");
  switch (trigger.when) {
    case "event-loop-delay":
      return eventLoopDelayRule(trigger);
    case "restarts":
      return restartsRule({ ...trigger, unit });
    case "log":
      return logRule(trigger, trigger.file === undefined ? { unit } : { file: trigger.file });
    case "cpu":
    case "rss":
    case "descriptors":
    case "close-wait":
      break;
  }
  return undefined;
}

/** How often deep looks are needed: three in the time of the shortest trigger; undefined when none needs them. */
export function deepMsOf(triggers: readonly TriggerSettings[]): number | undefined {
  const times = triggers.flatMap((one) =>
    one.when === "descriptors" || one.when === "close-wait" ? [one.for / 3] : [],
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
