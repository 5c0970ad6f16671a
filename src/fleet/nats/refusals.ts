// What the NATS client throws, as the state of a host.
import { NoRespondersError, PermissionViolationError, TimeoutError } from "@nats-io/transport-node";
import { messageOf } from "../../errors.ts";
import type { HostStatus } from "../transport.ts";

/** A request that was refused wraps why as its cause. */
function causesOf(error: unknown): readonly unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

/** Nobody serves the host, nobody answers, or we may not ask; anything else of the bus is told as it is. */
export function refusalOf(error: unknown, silent: string): HostStatus {
  const causes = causesOf(error);
  if (causes.some((cause) => cause instanceof NoRespondersError))
    return { state: "offline", reason: "no agent of that name is on the bus" };
  if (causes.some((cause) => cause instanceof PermissionViolationError))
    return { state: "denied", reason: "these credentials may not ask for it" };
  if (causes.some((cause) => cause instanceof TimeoutError)) return { state: "lost", reason: silent };
  return { state: "lost", reason: `the bus: ${messageOf(error)}` };
}
