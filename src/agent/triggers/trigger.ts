// One trigger: what it watches, what its rule found, and whether it may fire. What must stay true: it is durable that it fired
// before the capture begins; and never while that process is being captured, whoever captures it.
import { unitName, watchedBy } from "../../capture/recorder-folder.ts";
import { messageOf } from "../../errors.ts";
import { upMs } from "../../host/clock.ts";
import type { TriggerSettings } from "../../settings-triggers.ts";
import type { Looks } from "../recorder/recorder.ts";
import type { Captures, Captured, Target } from "./captures.ts";
import type { History, Refusal } from "./history.ts";
import { eventRuleOf, lookRuleOf } from "./rules.ts";
import type { Finding, LookRule } from "./rule.ts";

/** After a capture that saved nothing: the process was gone, or the disk full. */
const AFTER_NOTHING_MS = 60_000;
/** How long what happened waits for a capture that another trigger began. */
const WAIT_MS = 60_000;

export interface TriggerState {
  readonly name: string;
  readonly when: TriggerSettings["when"];
  /** It would fire now, were its rule true. */
  readonly armed: boolean;
  /** Why not. */
  readonly reason?: string;
  /** Processes that it watches. */
  readonly watching: number;
  /** UTC; also by an earlier run of the agent. */
  readonly lastFiredAt?: string;
  readonly firedIn24h: number;
  /** Since the agent started. */
  readonly fired: number;
  /** How often its rule became true and it did not fire; `busy`: a capture of that process, or too many others, ran. */
  readonly refused: Readonly<Record<Refused, number>>;
  /** What became of its last capture since the agent started. */
  readonly last?: Captured;
}

export interface Trigger {
  readonly take: (looks: Looks) => void;
  /** Until the signal is aborted; never rejects. */
  readonly watch: (signal: AbortSignal) => Promise<void>;
  readonly state: () => TriggerState;
}

type Refused = Refusal | "busy";

interface WatchedProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly rule: LookRule | undefined;
  /** Why it did not fire: counted once while the rule is true. */
  refused?: Refused | undefined;
}

export function openTrigger(
  name: string,
  settings: TriggerSettings,
  world: {
    readonly history: History;
    readonly captures: Captures;
    readonly stop: AbortSignal;
    readonly say: (text: string) => void;
  },
): Trigger {
  const { history, captures } = world;
  const say = (text: string) => world.say(`exhibit: trigger ${name}: ${text}`);
  const pattern = new RegExp(watchedBy(settings));
  const processes = new Map<string, WatchedProcess>();
  const events = eventRuleOf(settings);
  const refused = { cooldown: 0, limit: 0, busy: 0 };
  let fired = 0;
  let [isSeen, isFiring] = [false, false];
  let blind: string | undefined;
  let fault: string | undefined;
  let last: Captured | undefined;
  let nothingUntilMs = 0;
  let waiting: { readonly finding: Finding; readonly untilMs: number } | undefined;

  /** Of an event: its unit, or else the oldest of its processes. */
  const targetOf = (one: WatchedProcess | undefined): Target | undefined => {
    const all = [...processes.values()].toSorted((a, b) => Number(a.startTime) - Number(b.startTime));
    const unit = one === undefined && settings.unit !== undefined ? unitName(settings.unit) : undefined;
    const chosen = one ?? all[0];
    if (unit !== undefined) return { unit, processes: all };
    return chosen && { pid: chosen.pid, processes: [chosen] };
  };
  const refusalNow = () =>
    history.refusal(name, settings) ?? (upMs() < nothingUntilMs ? ("cooldown" as const) : undefined);
  /** Why it does not fire now; undefined when it did. */
  const attempt = async (finding: Finding, target: Target): Promise<Refused | undefined> => {
    const refusal = refusalNow();
    if (refusal !== undefined) return refusal;
    const slot = await captures.take(target);
    if (slot === undefined) return "busy";
    waiting = undefined;
    try {
      await history.record(name, settings);
      fired++;
      // It has begun before it is told, and goes on when we are killed.
      const captured = slot.capture({
        profile: settings.profile,
        reason: `trigger ${name}: ${finding.text}`,
        incidents: settings.incidents,
      });
      say(`${finding.text}; capturing`);
      last = await captured;
      say(last.captureId === undefined ? "nothing was saved" : `saved ${last.captureId}`);
      if (last.captureId === undefined) {
        nothingUntilMs = upMs() + Math.min(settings.cooldown, AFTER_NOTHING_MS);
        await history.takeBack(name);
      }
    } finally {
      slot.release();
    }
    return undefined;
  };
  const fire = async (finding: Finding, one?: WatchedProcess) => {
    const target = targetOf(one);
    if (isFiring || world.stop.aborted || target === undefined) return;
    isFiring = true;
    try {
      const why = await attempt(finding, target);
      if (why !== undefined && (one === undefined ? waiting === undefined : one.refused !== why))
        refused[why]++;
      if (one) one.refused = why;
      else if (why === "busy") waiting ??= { finding, untilMs: upMs() + WAIT_MS };
      else waiting = undefined;
      fault = undefined;
    } catch (error) {
      // It could not be written down: a kill would make it fire again and again.
      const text = `cannot fire: ${messageOf(error)}`;
      if (text !== fault) say(text);
      fault = text;
    } finally {
      isFiring = false;
    }
  };
  const judge = (look: Looks["looks"][number], atMs: number): string => {
    const { pid, startTime } = look;
    const key = `${pid} ${startTime}`;
    const one = processes.get(key) ?? { pid, startTime, rule: lookRuleOf(settings) };
    processes.set(key, one);
    const finding = one.rule?.judge(look, atMs);
    if (finding === false) one.refused = undefined;
    else if (finding !== undefined) void fire(finding, one);
    return key;
  };
  return {
    take: ({ looks, upMs: atMs }) => {
      const alive = new Set(looks.flatMap((look) => (pattern.test(look.service) ? [judge(look, atMs)] : [])));
      for (const key of processes.keys()) if (!alive.has(key)) processes.delete(key);
      if (!isSeen && processes.size === 0) say("nothing that it watches runs here");
      isSeen = true;
      if (waiting !== undefined && atMs > waiting.untilMs) waiting = undefined;
      if (waiting !== undefined) void fire(waiting.finding);
    },
    watch: async (signal) => {
      await events?.watch(
        {
          found: (finding) => {
            if (isFiring) refused.busy++;
            else void fire(finding);
          },
          blind: (reason) => {
            if (reason !== undefined && reason !== blind) say(reason);
            blind = reason;
          },
        },
        signal,
      );
    },
    state: () => {
      const isIdle = processes.size === 0 && (events === undefined || settings.unit === undefined);
      const why =
        blind ?? fault ?? refusalNow() ?? (isIdle ? "nothing that it watches runs here" : undefined);
      const lastFiredAt = history.lastAt(name);
      return {
        name,
        when: settings.when,
        armed: why === undefined,
        ...(why === undefined ? {} : { reason: why }),
        watching: processes.size,
        ...(lastFiredAt === undefined ? {} : { lastFiredAt }),
        firedIn24h: history.count(name),
        fired,
        refused: { ...refused },
        ...(last === undefined ? {} : { last }),
      };
    },
  };
}
