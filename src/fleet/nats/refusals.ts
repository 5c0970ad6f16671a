// What the NATS client throws, as the state of a host.
import { messageOf } from "../../errors.ts";
import type { HostStatus } from "../transport.ts";

/** By name: the client is not loaded for its classes alone. A refused request wraps what refused it as its cause. */
function names(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return [error.name, ...names(error.cause)];
}

/** Nobody serves the host, nobody answers, or we may not ask; anything else of the bus is told as it is. */
export function refusalOf(error: unknown, silent: string): HostStatus {
  const of = names(error);
  if (of.includes("NoRespondersError"))
    return { state: "offline", reason: "no agent of that name is on the bus" };
  if (of.includes("PermissionViolationError"))
    return { state: "denied", reason: "these credentials may not ask for it" };
  if (of.includes("TimeoutError")) return { state: "lost", reason: silent };
  return { state: "lost", reason: `the bus: ${messageOf(error)}` };
}
