// The background service from its start to its end: it drains the spool, answers on its socket, records, captures by itself when
// a trigger fires, and tells the service manager that it lives. What must stay true: it stops within STOP_MS of being told, and what it was asked to
// capture by then is sealed.
import type { Server } from "node:http";
import { z } from "zod";
import { delay, untilAborted } from "../host/clock.ts";
import { notifyServiceManager, watchdogPeriodMs } from "../host/service-manager.ts";
import { recordedServices, recorderFolder } from "../capture/recorder-folder.ts";
import type { Settings } from "../settings.ts";
import { printable } from "../printable.ts";
import { VERSION } from "../version.ts";
import { disarmExpired } from "./arm/arm-unit.ts";
import { listArmedUnits } from "./arm/armed-unit.ts";
import type { FleetMember } from "./fleet-member.ts";
import { startDrain } from "./drain.ts";
import { listenOnLoopback, listenOnSocket, type Answer, type Routes } from "./local-api.ts";
import { formatMetrics, METRICS_TYPE } from "./metrics.ts";
import { agentMetrics, type AgentState } from "./agent-state.ts";
import { CaptureOrder, captureWords, CheckOrder, checkWords } from "./orders.ts";
import type { OwnCommand } from "./own-command.ts";
import { startRecorder } from "./recorder/recorder.ts";
import { startTriggers } from "./triggers/triggers.ts";

/** Captures and checks for others at once; more are told to come again. */
const MOST_AT_ONCE = 4;
/** What a capture that was stopped may take to seal. */
const STOP_MS = 20_000;
const TIDY_MS = 60_000;

export interface AgentRequest {
  readonly settings: Settings;
  /** The settings file that was named. */
  readonly config: string | undefined;
  readonly own: OwnCommand;
  /** Aborted when it is to end. */
  readonly stop: AbortSignal;
  readonly say: (text: string) => void;
}

/** Runs until it is told to stop. Throws ExhibitError when it cannot begin. */
export async function runAgent({ settings, config, own, stop, say }: AgentRequest): Promise<void> {
  const startedAt = new Date().toISOString();
  const joining: { done: (member: FleetMember | undefined) => void } = { done: () => undefined };
  const joined = new Promise<FleetMember | undefined>((resolve) => (joining.done = resolve));
  // Whoever asks for it: a capture asks the fleet before it stops its target.
  const counted: OwnCommand = async (...request) => ((await joined)?.pauses.gated(own) ?? own)(...request);
  const orders = openOrders(counted, stop);
  // Listening comes first: a second agent must not touch anything.
  const state: { read: (() => AgentState) | undefined } = { read: undefined };
  const metrics = (): Answer => ({
    status: 200,
    body: state.read === undefined ? "" : formatMetrics(agentMetrics(state.read())),
    type: METRICS_TYPE,
  });
  const routes: Routes = {
    "GET /v1/status": () => ({ status: 200, body: state.read?.() ?? {} }),
    "GET /metrics": metrics,
    "POST /v1/capture": (body) => orders.run(CaptureOrder, captureWords, body),
    "POST /v1/check": (body) => orders.run(CheckOrder, checkWords, body),
  };
  const { socket, socketMode, metrics: address } = settings.agent;
  const servers: Server[] = [await listenOnSocket(socket, Number.parseInt(socketMode, 8), routes)];
  try {
    if (address !== null) servers.push(await listenOnLoopback(address, { "GET /metrics": metrics }));
    const drain = startDrain(settings.spool.path, own, stop);
    const member = await joinFleet({ settings, config, stop, say }, () => drain.state().waiting);
    joining.done(member);
    const triggers = await startTriggers(settings, counted, { stop, say });
    const recorder = startRecorder({
      services: recordedServices(settings),
      periodMs: settings.recorder.period,
      folder: recorderFolder(settings.spool.path),
      signal: stop,
      ...(triggers === undefined ? {} : { deepMs: triggers.deepMs, onLooks: triggers.take }),
    });
    state.read = () => ({
      version: VERSION,
      pid: process.pid,
      startedAt,
      drain: drain.state(),
      orders: orders.state(),
      ...(recorder === undefined ? {} : { recorder: recorder.state() }),
      ...(triggers === undefined ? {} : { triggers: triggers.state() }),
      ...(member === undefined ? {} : { fleet: member.state() }),
    });
    say(`exhibit: listening on ${socket}`);
    await notifyServiceManager("READY=1", "STATUS=waiting for work");
    await Promise.all([keepAlive(stop), tidyArmed(stop, say), untilAborted(stop)]);
    say("exhibit: stopping");
    await notifyServiceManager("STOPPING=1");
    const ended = Promise.all([drain.ended, recorder?.ended, triggers?.ended, member?.ended, orders.idle()]);
    await Promise.race([ended, delay(STOP_MS)]);
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

/** Undefined where the settings name no bus: nothing of it is loaded then. */
async function joinFleet(
  { settings, config, stop, say }: Omit<AgentRequest, "own">,
  waiting: () => number | undefined,
): Promise<FleetMember | undefined> {
  if (settings.fleet.servers.length === 0) return undefined;
  const { startFleetMember } = await import("./fleet-member.ts");
  const { fleetWork } = await import("./fleet-capture.ts");
  const { runOwn } = await import("./run-own.ts");
  return startFleetMember({
    settings: settings.fleet,
    spool: settings.spool.path,
    work: (pauses, jobs) => fleetWork((...request) => runOwn(config, ...request), pauses, jobs),
    waiting,
    stop,
    say: (text) => say(`exhibit: ${printable(text, 500)}`),
  });
}

interface Orders {
  readonly run: <T>(
    schema: z.ZodType<T>,
    words: (order: T) => readonly string[],
    body: unknown,
  ) => Promise<Answer>;
  readonly state: () => AgentState["orders"];
  readonly idle: () => Promise<unknown>;
}

function openOrders(own: OwnCommand, stop: AbortSignal): Orders {
  const running = new Set<Promise<unknown>>();
  const exits = new Map<string, number>();
  return {
    state: () => ({ running: running.size, exits: Object.fromEntries(exits) }),
    idle: () => Promise.all(running),
    run: async (schema, words, body) => {
      const order = schema.safeParse(body);
      if (!order.success) return { status: 400, body: { error: z.prettifyError(order.error) } };
      if (stop.aborted) return { status: 503, body: { error: "stopping" } };
      if (running.size >= MOST_AT_ONCE)
        return { status: 429, body: { error: `${running.size} are running already` } };
      const work = own(words(order.data), stop);
      running.add(work);
      const { exitCode, json } = await work.finally(() => running.delete(work));
      const exit = exitCode === undefined ? "signal" : String(exitCode);
      exits.set(exit, (exits.get(exit) ?? 0) + 1);
      return { status: 200, body: { exitCode, result: json } };
    },
  };
}

async function keepAlive(stop: AbortSignal): Promise<void> {
  const periodMs = watchdogPeriodMs();
  if (periodMs === undefined) return;
  while (!stop.aborted) {
    await delay(periodMs, stop);
    await notifyServiceManager("WATCHDOG=1");
  }
}

/** What is armed no longer is taken away. */
async function tidyArmed(stop: AbortSignal, say: AgentRequest["say"]): Promise<void> {
  while (!stop.aborted) {
    const isAny = (await listArmedUnits().catch(() => [])).length > 0;
    const gone = isAny ? await disarmExpired().catch(() => []) : [];
    for (const unit of gone) say(`exhibit: ${unit} is not armed any more`);
    await delay(TIDY_MS, stop);
  }
}
