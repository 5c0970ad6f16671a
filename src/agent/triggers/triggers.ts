// All triggers of the settings. They see what the recorder sees; what it does not see, each kind of rule looks at itself.
import { join, dirname } from "node:path";
import { findProfile } from "../../capture/choose.ts";
import { messageOf } from "../../errors.ts";
import { upMs } from "../../host/clock.ts";
import { readBootId } from "../../host/process-identity.ts";
import type { Settings } from "../../settings.ts";
import type { OwnCommand } from "../own-command.ts";
import type { Looks } from "../recorder/recorder.ts";
import { openCaptures } from "./captures.ts";
import { openHistory } from "./history.ts";
import { deepMsOf } from "./rules.ts";
import { openTrigger, type TriggerState } from "./trigger.ts";

export interface Triggers {
  /** How often they need deep looks of the recorder; undefined when they need none. */
  readonly deepMs: number | undefined;
  readonly take: (looks: Looks) => void;
  readonly state: () => readonly TriggerState[];
  /** Resolves when the signal was aborted and no capture of theirs runs any more. */
  readonly ended: Promise<unknown>;
}

/** Undefined when the settings have none, or where there is no recorder. */
export async function startTriggers(
  settings: Settings,
  own: OwnCommand,
  { stop, say }: { readonly stop: AbortSignal; readonly say: (text: string) => void },
): Promise<Triggers | undefined> {
  const all = Object.entries(settings.triggers);
  if (all.length === 0) return undefined;
  if (process.platform !== "linux") {
    say("exhibit: triggers need Linux: none is watched");
    return undefined;
  }
  const spool = settings.spool.path;
  const clock = { bootId: readBootId(), upMs, nowMs: Date.now };
  const history = await openHistory(join(dirname(spool), "triggers.json"), clock);
  if (history.isLost) say("exhibit: triggers.json cannot be read: when triggers fired before is not known");
  for (const [name, { profile }] of all) warnOfProfile(settings, { name, profile, say });
  const captures = openCaptures(spool, own, stop);
  const triggers = all.map(([name, trigger]) => openTrigger(name, trigger, { history, captures, stop, say }));
  const watching = Promise.all(triggers.map((one) => one.watch(stop)));
  return {
    deepMs: deepMsOf(all.map(([, trigger]) => trigger)),
    take: (looks) => {
      for (const one of triggers) one.take(looks);
    },
    state: () => triggers.map((one) => one.state()),
    ended: untilAborted(stop).then(() => Promise.all([watching, captures.idle()])),
  };
}

function warnOfProfile(
  settings: Settings,
  {
    name,
    profile,
    say,
  }: { readonly name: string; readonly profile: string; readonly say: (text: string) => void },
): void {
  try {
    findProfile(settings, profile);
  } catch (error) {
    say(`exhibit: trigger ${name}: ${messageOf(error)}`);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
