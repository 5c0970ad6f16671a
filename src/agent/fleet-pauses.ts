// Who may be stopped on this host, when the host is one of a fleet: every capture of the agent that could stop its target
// asks for one of its service's pauses first, whoever wanted the capture. What must stay true: without one nothing is
// stopped, and one is held only while something may be.
import { pauseBoundMs, takeSlot, type Bucket, type Slot } from "../fleet/nats/slots.ts";
import { monotonicMs } from "../host/monotonic.ts";
import type { FleetSettings } from "../settings.ts";
import type { OwnCommand } from "./own-command.ts";
import type { PauseGate } from "./pause-gate.ts";

/** What has no unit and no name in the settings: all of it together is one service. */
const UNKNOWN_SERVICE = "?";
/** A permit this old is made to last anew before the next pause. */
const FRESH_MS = 1000;

export interface PauseCounts {
  readonly held: number;
  readonly taken: number;
  /** Captures that were told to stop nothing. */
  readonly refused: number;
}

export interface FleetPauses {
  readonly gate: (of: { readonly service: string; readonly atMost: number }) => FleetGate;
  /** The same command line, but every capture asks first. */
  readonly gated: (own: OwnCommand) => OwnCommand;
  readonly counts: () => PauseCounts;
}

export interface FleetGate extends PauseGate {
  /** Why nothing was stopped, when it was refused. */
  readonly refusal: () => string | undefined;
}

export function openFleetPauses(
  bucket: Bucket,
  host: { readonly name: () => string; readonly settings: FleetSettings; readonly stop: AbortSignal },
): FleetPauses {
  const counts = { held: 0, taken: 0, refused: 0 };
  const gate: FleetPauses["gate"] = ({ service, atMost }) => {
    let slot: Slot | undefined;
    let refusal: string | undefined;
    const over = async () => {
      const last = slot;
      slot = undefined;
      if (last === undefined) return;
      counts.held--;
      await last.release();
    };
    return {
      refusal: () => refusal,
      over,
      ask: async (waitMs) => {
        if (slot !== undefined) {
          const ageMs = pauseBoundMs(bucket.ttlMs) - (slot.untilMs() - monotonicMs());
          if (ageMs < FRESH_MS || (await slot.renew())) return { untilMs: slot.untilMs() };
          await over();
        }
        const holder = `${host.name()} ${process.pid}`;
        const taken = await takeSlot(bucket, { service, atMost, holder, waitMs, signal: host.stop });
        if ("refused" in taken) {
          refusal = taken.refused;
          counts.refused++;
          return taken;
        }
        slot = taken;
        counts.held++;
        counts.taken++;
        return { untilMs: taken.untilMs() };
      },
    };
  };
  const { settings } = host;
  return {
    gate,
    counts: () => ({ ...counts }),
    gated: (own) => (words, signal, asked) =>
      own(
        words,
        signal,
        words[0] === "capture"
          ? (asked ?? gate({ service: serviceOf(words, settings), atMost: settings.pausesAtMost }))
          : undefined,
      ),
  };
}

/** The service that the target of a capture belongs to: by the settings, else by the name of its unit. */
export function serviceOf(words: readonly string[], { services }: Pick<FleetSettings, "services">): string {
  const dashes = words.indexOf("--");
  const target = dashes < 0 ? undefined : words[dashes + 1];
  const what = target ?? words.find((word) => /^--(?:match|pid)=/.test(word))?.replace(/^--\w+=/, "") ?? "";
  const named = services.find(({ match }) => new RegExp(match).test(what));
  if (named !== undefined) return named.name;
  if (target === undefined || target.startsWith("container:")) return UNKNOWN_SERVICE;
  return target.replace(/\.service$/, "").replace(/@.*$/, "") || UNKNOWN_SERVICE;
}
