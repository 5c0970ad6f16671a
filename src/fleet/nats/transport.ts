// The fleet by NATS, as the planner sees it: a transport. The agents keep the rules; here is only asked, waited and told.
import { setMaxListeners } from "node:events";
import { ExhibitError, messageOf } from "../../errors.ts";
import { untilAborted } from "../../host/clock.ts";
import { openDeadline } from "../../host/deadline.ts";
import type { FleetSettings } from "../../settings.ts";
import {
  JobEvent,
  MESSAGE_LIMIT_BYTES,
  OrderAnswer,
  PROTOCOL,
  subjects,
  type CaptureOrder,
} from "../contract.ts";
import type { FleetHost, HostOrder, HostResult, Transport } from "../transport.ts";
import { connectBus, type Bus } from "./connection.ts";
import { askOne, gatherStatus } from "./gather.ts";
import { refusalOf } from "./refusals.ts";

/** What an agent may take to say whether it begins: a disk that is slow to sync is in it. */
const ANSWER_MS = 5000;
/** From the end of a capture's budget to its result: sealing and sending, which the agent ends after 30 s. */
const AFTER_BUDGET_MS = 45_000;
/** An event may be lost with a broker: the agent is asked again, which acts once whatever happens. */
const ASK_AGAIN_MS = 5000;
/** Between two looks whether the bus is back. */
const AWAY_MS = 200;

/** Connects. Throws ExhibitError when there is no way to the bus. */
export async function openNatsTransport(
  settings: FleetSettings,
  say: (text: string) => void = () => undefined,
): Promise<Transport> {
  if (settings.servers.length === 0)
    throw new ExhibitError("the settings name no bus", { hint: "see fleet.servers in exhibit config" });
  let bus: Bus;
  try {
    bus = await connectBus({ settings, label: "exhibit fleet", name: "controller", isOneOfMany: false, say });
  } catch (error) {
    if (error instanceof ExhibitError) throw error;
    throw new ExhibitError(`${settings.servers.join(", ")}: cannot join the bus: ${messageOf(error)}`, {
      cause: error,
      hint: "see fleet.servers, fleet.caFile and fleet.credentialsFile",
    });
  }
  return {
    name: "nats",
    pausesHeldBy: "bus",
    status: (hosts, options) => gatherStatus(bus, hosts, options),
    capture: (host, order, options) =>
      captureOn(bus, host, order, options).catch((error: unknown) => none("lost", messageOf(error))),
    close: bus.close,
  };
}

function none(state: HostResult["state"], reason: string): HostResult {
  return { state, reason, captureIds: [], urls: [] };
}

async function captureOn(
  bus: Bus,
  host: FleetHost,
  order: HostOrder,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress?: (text: string) => void },
): Promise<HostResult> {
  if (signal.aborted) return none("not-started", "the job ended before its turn");
  // One signal for all hosts of a job.
  setMaxListeners(0, signal);
  const startedAt = performance.now();
  const asked = await askOne(bus, host.address, Math.min(ANSWER_MS, order.expiresInMs));
  if ("refused" in asked) {
    const { state, reason = "" } = asked.refused;
    // Nothing was ordered, so nothing can have happened.
    return state === "lost"
      ? none("offline", `${reason}; no capture was asked for`)
      : none(state === "denied" ? "denied" : "offline", reason);
  }
  if (signal.aborted) return none("not-started", "the job ended before its turn");
  const message: CaptureOrder = {
    protocol: PROTOCOL,
    job: order.job,
    target: order.target,
    // In the host's own clock as it was before we asked: never later than the order means.
    expiresAtMs: Math.max(1, Math.round(asked.status.nowMs - asked.tookMs + order.expiresInMs)),
    budgetMs: order.budgetMs,
    maxPauseMs: order.maxPauseMs,
    service: order.service,
    pausesAtMost: order.pausesAtMost,
    incidents: [...order.incidents],
    ...(order.profile === undefined ? {} : { profile: order.profile }),
    ...(order.reason === undefined ? {} : { reason: order.reason }),
  };
  const text = JSON.stringify(message);
  if (Buffer.byteLength(text) > MESSAGE_LIMIT_BYTES)
    return none("failed", "the order is too long for the bus");
  const ended = listenForEnd(bus, host.address, order.job);
  const timeMs = order.expiresInMs + order.budgetMs + AFTER_BUDGET_MS - (performance.now() - startedAt);
  const deadline = openDeadline(timeMs, signal);
  try {
    return await orderUntilEnd({
      bus,
      address: host.address,
      text,
      ended,
      signal,
      deadline: deadline.signal,
      progress,
    });
  } finally {
    deadline.close();
    ended.close();
  }
}

interface Ordered {
  readonly bus: Bus;
  readonly address: string;
  readonly text: string;
  readonly ended: Ended;
  readonly signal: AbortSignal;
  readonly deadline: AbortSignal;
  readonly progress: ((text: string) => void) | undefined;
}

/** Asks, waits for the end, and asks again: the agent knows the job. */
async function orderUntilEnd(ordered: Ordered): Promise<HostResult> {
  const { bus, address, text, ended, signal, deadline, progress } = ordered;
  let mayHaveBegun = false;
  let silence = "no answer to the order";
  while (!deadline.aborted) {
    let answer: OrderAnswer | undefined;
    if (!bus.isConnected()) {
      // What is sent now would wait in the client, and come late.
      silence = "the bus is away";
      await ended.within(AWAY_MS, deadline);
      continue;
    }
    try {
      const reply = await bus.connection.request(subjects.capture(address), text, { timeout: ANSWER_MS });
      answer = answerIn(reply.data);
      if (answer === undefined) return none("denied", "its agent's answer is not understood");
    } catch (error) {
      const refused = refusalOf(error, silence);
      if (refused.state === "denied") return none("denied", refused.reason ?? "");
      if (refused.state === "offline" && !mayHaveBegun) return none("offline", refused.reason ?? "");
      // Sent, and not answered: it may be running.
      mayHaveBegun ||= refused.state === "lost";
      silence = refused.reason ?? silence;
    }
    if (answer !== undefined) {
      const { state, reason = "" } = answer;
      if (state === "expired" || state === "denied") return none(state, reason);
      // After an attempt that was not answered this is the answer to another one.
      if (state === "busy") return none("busy", reason);
      if (!mayHaveBegun) progress?.(state === "accepted" ? "captures" : "was begun before");
      mayHaveBegun = true;
      silence = "it began, and no result came";
    }
    const event = await ended.within(ASK_AGAIN_MS, deadline);
    if (event !== undefined) return resultOf(event);
  }
  if (signal.aborted && mayHaveBegun) return none("deadline", "the job ended while it ran");
  return mayHaveBegun ? none("lost", silence) : none("not-started", "the job ended before its turn");
}

function resultOf({ protocol: _protocol, job: _job, ...result }: JobEvent): HostResult {
  return result;
}

interface Ended {
  /** The job's result, as soon as it was heard; undefined when it was not within this time. */
  readonly within: (ms: number, signal: AbortSignal) => Promise<JobEvent | undefined>;
  readonly close: () => void;
}

/** Only the host itself may publish there. */
function listenForEnd(bus: Bus, address: string, job: string): Ended {
  let found: JobEvent | undefined;
  const heard = new AbortController();
  const subscription = bus.connection.subscribe(subjects.event(address, job), {
    callback: (error, message) => {
      if (error !== null || message.data.byteLength > MESSAGE_LIMIT_BYTES) return;
      const event = eventIn(message.data);
      if (event?.job !== job) return;
      found ??= event;
      heard.abort();
    },
  });
  return {
    within: async (ms, signal) => {
      const wait = openDeadline(ms, signal, heard.signal);
      await untilAborted(wait.signal);
      wait.close();
      return found;
    },
    close: () => subscription.unsubscribe(),
  };
}

function eventIn(data: Uint8Array): JobEvent | undefined {
  return JobEvent.safeParse(jsonOf(data)).data;
}

function answerIn(data: Uint8Array): OrderAnswer | undefined {
  return data.byteLength > MESSAGE_LIMIT_BYTES ? undefined : OrderAnswer.safeParse(jsonOf(data)).data;
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}
