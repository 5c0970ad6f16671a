// The right to stop one target of a service: a key in the bucket of pauses, taken by the host that stops. What must stay
// true: it is only used for less than half of the time that the bus keeps it, counted from before it was asked for, and
// nothing is stopped on the word of a bus that is away.
import type { KV } from "@nats-io/kv";
import { messageOf } from "../../errors.ts";
import { delay } from "../../host/clock.ts";
import { monotonicMs } from "../../host/monotonic.ts";
import { pauseKeys } from "../contract.ts";

/** Between two looks whether a pause is free; a little longer each time. */
const LOOK_MS = 100;
const LONGEST_LOOK_MS = 800;
/** A bus that does not answer for so long has no pause to give. */
const ANSWER_MS = 2000;

export interface Slot {
  readonly key: string;
  /** Until when the target may be stopped, on this host's monotonic clock. */
  readonly untilMs: () => number;
  /** Makes it last from now. False when it is ours no longer. */
  readonly renew: () => Promise<boolean>;
  /** Gives it back, if it is still ours. Never rejects: the bus lets it go by itself. */
  readonly release: () => Promise<void>;
}

export interface SlotRequest {
  readonly service: string;
  readonly atMost: number;
  /** Who holds it, for people who look. */
  readonly holder: string;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

export interface Bucket {
  /** Undefined when there is none, or the bus is away. */
  readonly open: () => Promise<KV | undefined>;
  readonly ttlMs: number;
}

/** A little less than half the life of a key: the guardian of a capture comes up to 3 s after the limit. */
export function pauseBoundMs(ttlMs: number): number {
  return Math.max(ttlMs * 0.25, ttlMs / 2 - 5000);
}

/** Takes one of the service's pauses, or says in one line why there is none. Never rejects. */
export async function takeSlot(
  bucket: Bucket,
  request: SlotRequest,
): Promise<Slot | { readonly refused: string }> {
  const { service, atMost, holder, signal } = request;
  const end = performance.now() + request.waitMs;
  for (let lookMs = LOOK_MS; ; lookMs = Math.min(LONGEST_LOOK_MS, lookMs * 1.5)) {
    const kv = await bucket.open().catch((error: unknown) => messageOf(error));
    if (kv === undefined) return { refused: "the fleet's bus is away, so nothing may be stopped" };
    if (typeof kv === "string") return { refused: `the fleet's bus counts no pauses: ${kv}` };
    for (const key of pauseKeys(service, atMost)) {
      const askedAt = monotonicMs();
      const revision = await claim(kv, key, holder);
      if (typeof revision === "number") return slotOf(bucket, { kv, key, holder, revision, askedAt });
      if (revision !== "taken") return { refused: `the fleet's bus gives no pause: ${revision.fault}` };
    }
    if (performance.now() + lookMs > end || signal.aborted)
      return { refused: `${atMost} of service ${service} may be stopped at once, and others are` };
    await delay(lookMs * (0.5 + Math.random()), signal);
  }
}

/** The revision of a key that is ours now. */
async function claim(
  kv: KV,
  key: string,
  holder: string,
): Promise<number | "taken" | { readonly fault: string }> {
  const work = kv.create(key, holder).catch((error: unknown) => {
    const text = messageOf(error);
    return /wrong last sequence/i.test(text) ? ("taken" as const) : { fault: text };
  });
  return withinMs(work, { fault: "no answer" });
}

/** An answer that comes too late is not used: the key is then free again when its time is over. */
async function withinMs<T>(work: Promise<T>, late: T): Promise<T> {
  const settled = new AbortController();
  try {
    return await Promise.race([work, delay(ANSWER_MS, settled.signal).then(() => late)]);
  } finally {
    settled.abort();
  }
}

function slotOf(
  { ttlMs }: Bucket,
  taken: {
    readonly kv: KV;
    readonly key: string;
    readonly holder: string;
    readonly revision: number;
    readonly askedAt: number;
  },
): Slot {
  const { kv, key, holder } = taken;
  let { revision, askedAt } = taken;
  return {
    key,
    untilMs: () => askedAt + pauseBoundMs(ttlMs),
    renew: async () => {
      const now = monotonicMs();
      const renewed = await withinMs<number | undefined>(
        kv.update(key, holder, revision).catch(() => undefined),
        undefined,
      );
      if (renewed === undefined) return false;
      revision = renewed;
      askedAt = now;
      return true;
    },
    release: () =>
      withinMs(
        kv.delete(key, { previousSeq: revision }).catch(() => undefined),
        undefined,
      ),
  };
}
