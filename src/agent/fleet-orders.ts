// What the fleet asks of this host, and what is done about it. What must stay true: nothing is begun after its time by our
// own clock; the same job acts once, whoever asks (jobs.ts); one capture of a target at a time.
import { z } from "zod";
import { messageOf } from "../errors.ts";
import {
  CaptureOrder,
  Envelope,
  JobId,
  MESSAGE_LIMIT_BYTES,
  PROTOCOL,
  type HostState,
  type JobEvent,
  type OrderAnswer,
} from "../fleet/contract.ts";
import type { FarResult } from "../fleet/ssh/messages.ts";
import type { FleetWork } from "./fleet-capture.ts";
import type { Jobs } from "./jobs.ts";

/** Captures of the fleet at once on this host. */
const MOST_AT_ONCE = 4;
/** No order is on its way longer: a job need not be remembered for ever. */
const LATEST_ORDER_MS = 24 * 3_600_000;
const SLOW = "the disk was slow";
const REPEATED: Pick<OrderAnswer, "state" | "reason"> = { state: "repeated" };

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
  readonly jobs: Jobs;
  readonly work: FleetWork;
  readonly stop: AbortSignal;
  /** A job has ended, or was asked for again. */
  readonly tell: (event: JobEvent) => void;
  readonly nowMs?: () => number;
}): FleetOrders {
  const { jobs, work, stop, tell, nowMs = Date.now } = host;
  const running = new Map<string, Promise<void>>();
  /** Jobs that run here, and those that are looked up. */
  const mine = new Set<string>();
  const recalled = new Set<string>();
  const answers = new Map<string, number>();
  const ends = new Map<string, number>();

  const run = async (order: CaptureOrder): Promise<void> => {
    const result = await work
      .capture(order, stop)
      .catch((error: unknown) => resultOf("lost", messageOf(error)));
    count(ends, result.state);
    // Told whatever the disk says: who asked waits for it. Of what was not begun another try may do it.
    const { job } = order;
    await (result.state === "busy" ? jobs.forget(job) : jobs.end(job, result)).catch(() => undefined);
    tell(eventOf(job, result));
  };

  /** Why it is not begun; `accepted` when it was. */
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
    // Taken before the first wait: two orders for one target must not both pass.
    running.set(target, Promise.resolve());
    let isBegun = false;
    try {
      if (!(await jobs.begin(order.job))) return { state: "repeated" };
      // A sick disk may have taken its time.
      if (isLate()) {
        await jobs.end(order.job, resultOf("expired", SLOW));
        return { state: "expired", reason: SLOW };
      }
      isBegun = true;
      mine.add(order.job);
      const carried = run(order);
      running.set(target, carried);
      void carried.then(() => running.delete(target) && mine.delete(order.job));
      return { state: "accepted" };
    } catch (error) {
      return { state: "denied", reason: `the job could not be written down: ${messageOf(error)}` };
    } finally {
      if (!isBegun) running.delete(target);
    }
  };

  /** Tells what became of a job that was begun before, once that is known. */
  const recall = async (job: string): Promise<void> => {
    if (mine.has(job) || recalled.has(job)) return;
    recalled.add(job);
    const result = await work.recall(job, stop).catch(() => undefined);
    recalled.delete(job);
    if (result !== undefined) tell(eventOf(job, result));
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
    const { state, reason } = jobs.has(job) ? REPEATED : await begin(order.data);
    if (state === "repeated") void recall(job);
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

function resultOf(state: HostState, reason: string): FarResult {
  return { kind: "result", state, reason, captureIds: [], urls: [] };
}

/** Of capture alone: the bus knows no answers of check, and no COMMAND. */
function eventOf(job: string, result: FarResult): JobEvent {
  const { kind: _kind, answer: _answer, exitCode: _exitCode, captureIds, urls, ...rest } = result;
  const lists = { captureIds: captureIds.slice(0, 64), urls: urls.slice(0, 64) };
  return { protocol: PROTOCOL, job, ...rest, ...lists };
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
