// This host as a member of a fleet: it joins the bus, answers there for itself alone, and tells what became of its jobs
// under its own name, again when the bus was away. It starts at once and joins when it can: the rest of the agent waits for
// no bus.
import type { KV } from "@nats-io/kv";
import { setMaxListeners } from "node:events";
import { hostname } from "node:os";
import { messageOf } from "../errors.ts";
import {
  PAUSES,
  PROTOCOL,
  StatusRequest,
  subjects,
  type JobEvent,
  type StatusAnswer,
} from "../fleet/contract.ts";
import { connectBusForEver, type Bus } from "../fleet/nats/connection.ts";
import { openPausesBucket } from "../fleet/nats/pauses-bucket.ts";
import { untilAborted } from "../host/clock.ts";
import type { FleetSettings } from "../settings.ts";
import { VERSION } from "../version.ts";
import { openFleetOrders, type FleetOrders, type OrderCounts } from "./fleet-orders.ts";
import { openFleetPauses, type FleetPauses, type PauseCounts } from "./fleet-pauses.ts";
import type { FleetWork } from "./fleet-capture.ts";
import { openJobs, type Jobs } from "./jobs.ts";

export interface FleetState {
  readonly host: string;
  readonly connected: boolean;
  readonly reconnects: number;
  /** When the credentials end; absent when they do not, or are not known yet. */
  readonly credentialsEndAt?: string;
  readonly orders: OrderCounts;
  readonly pauses: PauseCounts;
}

export interface FleetMember {
  readonly pauses: FleetPauses;
  readonly state: () => FleetState;
  /** Resolves when the signal was aborted and no capture of the fleet runs any more. */
  readonly ended: Promise<void>;
}

export interface MemberRequest {
  readonly settings: FleetSettings;
  /** The jobs of this host are written down beside it. */
  readonly spool: string;
  readonly work: (pauses: FleetPauses, jobs: Jobs) => FleetWork;
  /** Bundles that wait to be sent, when it is known. */
  readonly waiting: () => number | undefined;
  readonly stop: AbortSignal;
  readonly say: (text: string) => void;
  /** Life of a pause that is not given back; another one in measurements alone. */
  readonly ttlMs?: number;
}

/** Throws what the file system says of the jobs' folder. */
export async function startFleetMember(request: MemberRequest): Promise<FleetMember> {
  const { settings, stop, say, ttlMs = PAUSES.ttlMs } = request;
  // Every capture that waits for something listens to it.
  setMaxListeners(0, stop);
  let bus: Bus | undefined;
  let bucket: Promise<KV> | undefined;
  let reconnects = 0;
  const unsent = new Map<string, JobEvent>();
  const name = () => bus?.name ?? settings.host ?? hostname();
  const pauses = openFleetPauses(
    {
      ttlMs,
      open: async () => {
        if (bus === undefined || !bus.isConnected()) return undefined;
        bucket ??= openPausesBucket(bus.connection, ttlMs);
        return bucket.catch((error: unknown) => {
          bucket = undefined;
          throw error;
        });
      },
    },
    { name, settings, stop },
  );
  const send = async (event: JobEvent) => {
    unsent.set(event.job, event);
    if (!bus?.isConnected()) return;
    bus.connection.publish(subjects.event(bus.name, event.job), JSON.stringify(event));
    // The server has it once it answers what was sent after it.
    await bus.connection.flush().then(
      () => unsent.delete(event.job),
      () => undefined,
    );
  };
  const jobs = await openJobs(request.spool);
  const orders = openFleetOrders({
    jobs,
    work: request.work(pauses, jobs),
    stop,
    tell: (event) => void send(event),
  });
  const join = async () => {
    const label = `exhibit agent ${settings.host ?? hostname()}`;
    bus = await connectBusForEver({ settings, label, name: name(), isOneOfMany: true, say }, stop);
    if (bus === undefined) return;
    if (settings.host !== null && settings.host !== bus.name)
      say(`the bus knows this host as ${bus.name}, as its credentials say, not as ${settings.host}`);
    bus.onReconnect(() => {
      reconnects++;
      for (const event of unsent.values()) void send(event);
    });
    listen(bus, orders, request.waiting);
    // Said once the server knows what we listen to: whoever asks from now on is heard.
    await bus.connection.flush().catch(() => undefined);
    say(`on the bus as ${bus.name}`);
    await untilAborted(stop);
    await orders.idle();
    await bus.close();
  };
  return {
    pauses,
    state: () => ({
      host: name(),
      connected: bus?.isConnected() ?? false,
      reconnects,
      ...endOf(bus?.expiresAtMs()),
      orders: orders.counts(),
      pauses: pauses.counts(),
    }),
    ended: join().catch((error: unknown) => say(`left the bus: ${messageOf(error)}`)),
  };
}

function endOf(expiresAtMs: number | undefined): Pick<FleetState, "credentialsEndAt"> {
  return expiresAtMs === undefined ? {} : { credentialsEndAt: new Date(expiresAtMs).toISOString() };
}

/** Subscriptions are made again by the client after a reconnect. */
function listen(bus: Bus, orders: FleetOrders, waiting: () => number | undefined): void {
  const { connection, name } = bus;
  const status = (): StatusAnswer => {
    const wait = waiting();
    return {
      protocol: PROTOCOL,
      host: name,
      version: VERSION,
      nowMs: Date.now(),
      capturing: orders.counts().capturing,
      ...(wait === undefined ? {} : { waiting: wait }),
    };
  };
  for (const subject of [subjects.all, subjects.status(name)])
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        const answerTo = answerToIn(message.string());
        if (answerTo === undefined) message.respond(JSON.stringify(status()));
        else connection.publish(subjects.event(name, answerTo), JSON.stringify(status()));
      },
    });
  connection.subscribe(subjects.capture(name), {
    callback: (error, message) => {
      if (error !== null) return;
      const respond = async () => {
        const answer = await orders.take(message.data);
        if (answer !== undefined) message.respond(JSON.stringify(answer));
      };
      void respond();
    },
  });
}

/** Whatever else is asked is answered: another protocol is told by ours. */
function answerToIn(text: string): string | undefined {
  try {
    return StatusRequest.safeParse(JSON.parse(text)).data?.answerTo;
  } catch {
    return undefined;
  }
}
