// What the agent tells of itself: as JSON by /v1/status, as numbers by /metrics.
import type { FleetState } from "./fleet-member.ts";
import type { DrainState } from "./drain.ts";
import type { Metric } from "./metrics.ts";
import type { RecorderState } from "./recorder/recorder.ts";
import { triggerMetrics } from "./triggers/trigger-metrics.ts";
import type { TriggerState } from "./triggers/trigger.ts";

export interface AgentState {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly drain: DrainState;
  /** Captures and checks asked for on the socket; `exits` counts those that ended by their exit status. */
  readonly orders: { readonly running: number; readonly exits: Readonly<Record<string, number>> };
  /** Absent when nothing is to be recorded. */
  readonly recorder?: RecorderState;
  /** Absent when the settings have none. */
  readonly triggers?: readonly TriggerState[];
  /** Absent where the settings name no bus. */
  readonly fleet?: FleetState;
}

function gauge(name: string, help: string, value: number | undefined): Metric {
  return { name, help, type: "gauge", values: [{ value }] };
}

function counter(name: string, help: string, value: number | undefined): Metric {
  return { ...gauge(name, help, value), type: "counter" };
}

export function agentMetrics(state: AgentState): readonly Metric[] {
  const { version, startedAt, drain, orders, recorder, triggers = [], fleet } = state;
  const { user, system } = process.cpuUsage();
  return [
    {
      name: "exhibit_build_info",
      help: "The version that runs.",
      type: "gauge",
      values: [{ labels: { version }, value: 1 }],
    },
    gauge("process_start_time_seconds", "When the agent started.", Date.parse(startedAt) / 1000),
    gauge("process_resident_memory_bytes", "Resident memory.", process.memoryUsage.rss()),
    counter("process_cpu_seconds_total", "CPU time, user and system.", (user + system) / 1e6),
    counter("exhibit_pushes_total", "Runs of push.", drain.pushes),
    gauge("exhibit_push_failures", "Runs of push without success, one after the other.", drain.failures),
    gauge("exhibit_bundles_waiting", "Bundles whose upload or note waits.", drain.waiting),
    gauge("exhibit_orders_running", "Captures and checks that run for others.", orders.running),
    {
      name: "exhibit_orders_total",
      help: "Captures and checks for others that ended, by exit status.",
      type: "counter",
      values: Object.entries(orders.exits).map(([exit, value]) => ({ labels: { exit }, value })),
    },
    gauge("exhibit_recorder_processes", "Processes that are recorded.", recorder?.processes),
    gauge("exhibit_recorder_bytes", "Bytes of the recorder on disk.", recorder?.bytes),
    counter("exhibit_recorder_lost_total", "Looks that could not be written.", recorder?.lost),
    ...triggerMetrics(triggers),
    ...(fleet === undefined ? [] : fleetMetrics(fleet)),
  ];
}

function byState(counts: Readonly<Record<string, number>>) {
  return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
}

function fleetMetrics({
  connected,
  reconnects,
  credentialsEndAt,
  orders,
  pauses,
}: FleetState): readonly Metric[] {
  return [
    gauge("exhibit_fleet_connected", "1 while the bus of the fleet is there.", connected ? 1 : 0),
    counter("exhibit_fleet_reconnects_total", "Times that the bus came back.", reconnects),
    gauge(
      "exhibit_fleet_credentials_end_time_seconds",
      "When the credentials for the bus end.",
      credentialsEndAt === undefined ? undefined : Date.parse(credentialsEndAt) / 1000,
    ),
    gauge("exhibit_fleet_capturing", "Captures that the fleet has asked for and that run.", orders.capturing),
    {
      name: "exhibit_fleet_answers_total",
      help: "Orders of the fleet, by what they were answered.",
      type: "counter",
      values: byState(orders.answers),
    },
    {
      name: "exhibit_fleet_jobs_total",
      help: "Captures of the fleet that ended, by how.",
      type: "counter",
      values: byState(orders.ends),
    },
    gauge("exhibit_fleet_pauses_held", "Pauses of the fleet that this host holds.", pauses.held),
    counter(
      "exhibit_fleet_pauses_taken_total",
      "Pauses of the fleet that this host was given.",
      pauses.taken,
    ),
    counter(
      "exhibit_fleet_pauses_refused_total",
      "Captures that stopped nothing because the fleet gave no pause.",
      pauses.refused,
    ),
  ];
}
