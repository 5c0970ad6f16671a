// Who may say and hear what on the bus. An agent hears what is asked of it and of all, and speaks as itself alone: whoever
// takes over one host can neither order another one nor answer for it.
import { PAUSES, subjects, tokenOf } from "../contract.ts";
import { STREAM } from "./pauses-bucket.ts";

export interface Permissions {
  readonly pub: { readonly allow: string[] };
  readonly sub: { readonly allow: string[] };
  /** How often, and for how long (ns), whoever sent a message may be answered. */
  readonly resp?: { readonly max: number; readonly ttl: number };
}

const ANSWER_NS = 30_000_000_000;

/**
 * `services`: those whose pauses it may take and give back; undefined for all. A key of a service can be written by every
 * host of that service: that one gives back no other's pause is its own honesty (it names the revision).
 */
export function agentPermissions(host: string, services?: readonly string[]): Permissions {
  const own = tokenOf(host);
  const keys = services === undefined ? [">"] : services.map((service) => `${tokenOf(service)}.*`);
  return {
    sub: { allow: [subjects.all, `ex.v1.host.${own}.*`, `${subjects.inbox(host)}.>`] },
    pub: {
      allow: [
        `ex.v1.evt.${own}.*`,
        ...keys.map((key) => `$KV.${PAUSES.bucket}.${key}`),
        // The bucket is made by whoever comes first; what is there is not changed by it.
        `$JS.API.STREAM.CREATE.${STREAM}`,
        `$JS.API.STREAM.INFO.${STREAM}`,
        `$JS.API.STREAM.MSG.GET.${STREAM}`,
      ],
    },
    resp: { max: 1, ttl: ANSWER_NS },
  };
}

/** Looks, and no more. */
export function viewerPermissions(user: string): Permissions {
  return {
    sub: { allow: ["ex.v1.evt.>", `${subjects.inbox(user)}.>`] },
    pub: { allow: [subjects.all, "ex.v1.host.*.status"] },
  };
}

/** Looks, and has captures taken. */
export function operatorPermissions(user: string): Permissions {
  const { sub, pub } = viewerPermissions(user);
  return { sub, pub: { allow: [...pub.allow, "ex.v1.host.*.capture"] } };
}
