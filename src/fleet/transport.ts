// The seam between the planner and what carries an order to a host: ssh or NATS. Hosts and results are plain values.
import type { AskedTarget, HostState } from "./contract.ts";
/** One host of the inventory. `name` is what the user calls it, `address` what the transport dials (equal when the inventory says nothing). */
export interface FleetHost {
  readonly name: string;
  readonly address: string;
  readonly service: string;
  readonly user?: string;
  readonly port?: number;
}
/** What is asked of one host; budgets in ms. `expiresInMs`: begun later than this from now, nothing is done. */
export interface HostOrder {
  readonly job: string;
  readonly target: AskedTarget;
  readonly budgetMs: number;
  readonly expiresInMs: number;
  readonly maxPauseMs: number;
  readonly service: string;
  readonly pausesAtMost: number;
  readonly profile?: string;
  readonly reason?: string;
  readonly incidents: readonly string[];
}
/** How a host ended. `reason` is one line a person can act on. */
export interface HostResult {
  readonly state: HostState;
  readonly reason?: string;
  readonly captureIds: readonly string[];
  readonly urls: readonly string[];
  readonly pausedMs?: number;
  readonly bytes?: number;
}
export interface HostStatus {
  readonly state: "online" | HostState;
  readonly version?: string;
  readonly waiting?: number;
  readonly capturing?: number;
  readonly clockSkewMs?: number;
  readonly reason?: string;
}
/** ssh or NATS. No method throws for what one host does: that is its result. */
export interface Transport {
  readonly name: "ssh" | "nats";
  /** Who holds the cap of pauses per service: the agents through the bus, a lease in the store, or this one controller. The plan says it. */
  readonly pausesHeldBy: "bus" | "store" | "controller";
  status(
    hosts: readonly FleetHost[],
    options: {
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
      readonly tell: (host: string, status: HostStatus) => void;
    },
  ): Promise<void>;
  capture(
    host: FleetHost,
    order: HostOrder,
    options: { readonly signal: AbortSignal; readonly progress?: (text: string) => void },
  ): Promise<HostResult>;
  close(): Promise<void>;
}
