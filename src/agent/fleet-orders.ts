// What the fleet asks of this host, and what is done about it. What must stay true: nothing is begun after its time by our
// own clock; the same job acts once; one capture of a target at a time; an attempt is on disk before it begins.
import { z } from "zod";
import { messageOf } from "../errors.ts";
import {
  CaptureOrder,
  Envelope,
  JobId,
  MESSAGE_LIMIT_BYTES,
  PROTOCOL,
  type JobEvent,
  type OrderAnswer,
} from "../fleet/contract.ts";
import { lostEvent, type FleetJournal } from "./fleet-journal.ts";
import type { CarryOut } from "./fleet-capture.ts";

/** Captures of the fleet at once on this host. */
const MOST_AT_ONCE = 4;
/** No order is on its way longer: the journal need not remember a job for ever. */
const LATEST_ORDER_MS = 24 * 3_600_000;

export interface OrderCounts {
  readonly capturing: number;
  /** Answers by state, and jobs that ended, by state. */
  readonly answers: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
}

export interface FleetOrders {
  /** Undefined for what is no message of ours at all. Never rejects. */
  readonly take: (message: Uint8Array) => Promise<OrderAnswer | undefined>;
  readonly counts: () => OrderCounts;
  /** Resolves when no capture of the fleet runs. */
  readonly idle: () => Promise<unknown>;
}

export function openFleetOrders(host: {
  readonly journal: FleetJournal;
  readonly carryOut: CarryOut;
  readonly stop: AbortSignal;
  /** A job has ended, or was asked for again. */
  readonly tell: (event: JobEvent) => void;
  readonly nowMs?: () => number;
}): FleetOrders {
  const { journal, carryOut, stop, tell, nowMs = Date.now } = host;
  const running = new Map<string, Promise<void>>();
  const answers = new Map<string, number>();
  const ends = new Map<string, number>();

  const run = async (order: CaptureOrder): Promise<void> => {
    const event = await carryOut(order, stop).catch((error: unknown) =>
      lostEvent(order.job, messageOf(error)),
    );
    count(ends, event.state);
    // Told whatever the disk says: who asked waits for it.
    await journal.end(event).catch(() => undefined);
    tell(event);
  };

  /** Why it is not begun; undefined when it was. */
  const begin = async (order: CaptureOrder): Promise<Pick<OrderAnswer, "state" | "reason">> => {
    const isLate = () => nowMs() > order.expiresAtMs;
    if (isLate()) return { state: "expired" };
    if (order.expiresAtMs > nowMs() + LATEST_ORDER_MS)
      return { state: "denied", reason: "an order that may begin after a day is none" };
    const target = JSON.stringify(order.target);
    if (stop.aborted) return { state: "busy", reason: "the agent is stopping" };
    if (running.has(target)) return { state: "busy", reason: "that target is being captured" };
    if (running.size >= MOST_AT_ONCE)
      return { state: "busy", reason: `${running.size} captures are running already` };
    let begun: (() => void) | undefined;
    // Taken before the first wait: two orders for one target must not both pass.
    const slot = new Promise<void>((resolve) => (begun = resolve));
    running.set(target, slot);
    let work: Promise<void> | undefined;
    try {
      if (!(await journal.begin(order.job))) return { state: "repeated" };
      // A sick disk may have taken its time.
      if (isLate()) {
        await journal.end({ ...lostEvent(order.job, ""), state: "expired", reason: "the disk was slow" });
        return { state: "expired", reason: "the disk was slow" };
      }
      work = run(order);
      running.set(target, work);
      void work.then(() => running.delete(target));
      return { state: "accepted" };
    } catch (error) {
      return { state: "denied", reason: `the job could not be written down: ${messageOf(error)}` };
    } finally {
      begun?.();
      if (work === undefined) running.delete(target);
    }
  };

  const take: FleetOrders["take"] = async (message) => {
    const said = parse(message);
    const job = z.object({ job: JobId }).safeParse(said).data?.job;
    if (job === undefined) return undefined;
    const answer = (state: OrderAnswer["state"], reason?: string): OrderAnswer => {
      count(answers, state);
      return {
        protocol: PROTOCOL,
        job,
        state,
        ...(reason === undefined ? {} : { reason: reason.slice(0, 2000) }),
      };
    };
    const envelope = Envelope.safeParse(said).data;
    if (envelope?.protocol !== PROTOCOL)
      return answer(
        "denied",
        `this agent speaks protocol ${PROTOCOL}, the order ${envelope?.protocol ?? "none"}`,
      );
    const order = CaptureOrder.safeParse(said);
    if (!order.success) return answer("denied", `not understood: ${z.prettifyError(order.error)}`);
    const known = await journal.find(job);
    const { state, reason } = known === undefined ? await begin(order.data) : { state: "repeated" as const };
    if (state === "repeated") {
      const event = known?.event;
      if (event) tell(event);
      return answer("repeated", event === undefined ? "it was begun" : `it ended: ${event.state}`);
    }
    return answer(state, reason);
  };
  return {
    take,
    counts: () => ({
      capturing: running.size,
      answers: Object.fromEntries(answers),
      ends: Object.fromEntries(ends),
    }),
    idle: () => Promise.all(running.values()),
  };
}

function count(of: Map<string, number>, state: string): void {
  of.set(state, (of.get(state) ?? 0) + 1);
}

function parse(message: Uint8Array): unknown {
  if (message.byteLength > MESSAGE_LIMIT_BYTES) return undefined;
  try {
    return JSON.parse(Buffer.from(message).toString("utf8"));
  } catch {
    return undefined;
  }
}
