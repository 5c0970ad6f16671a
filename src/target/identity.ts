// Whether a process is still the one that was found: pid, start time and boot together are never given twice. A process
// that executes another program stays the same one.
import { TargetError } from "../errors.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { readBootId } from "../host/process-identity.ts";
import { readBasics } from "./basics.ts";

export interface Identity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
  readonly bootId: string;
}

export type IdentityResult = { readonly same: true } | { readonly same: false; readonly found: string };

/** Throws a TargetError when the process has ended. */
export function identityOf(held: HeldProcess): Identity {
  const basics = readBasics(held);
  if (basics === undefined) throw new TargetError(`process ${held.pid} is gone`);
  return { pid: held.pid, startTime: basics.startTime, bootId: readBootId() };
}

/** Compares; `found` says in words what is there instead. Costs two reads in /proc. */
export function checkIdentity(held: HeldProcess, identity: Identity): IdentityResult {
  const basics = readBasics(held);
  if (basics === undefined) return { same: false, found: "gone" };
  if (held.pid !== identity.pid) return { same: false, found: `another process (pid ${held.pid})` };
  if (readBootId() !== identity.bootId)
    return { same: false, found: "another process (the host was booted meanwhile)" };
  if (basics.startTime !== identity.startTime) {
    const when = basics.startedAt ?? `at tick ${basics.startTime}`;
    return { same: false, found: `another process (started ${when})` };
  }
  return basics.isZombie ? { same: false, found: "zombie" } : { same: true };
}
