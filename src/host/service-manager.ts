// What we tell the manager of the service that we are (sd_notify(3)). Node has no datagram sockets of the Unix family, so
// systemd-notify(1) says it, which waits until it was heard. The unit needs NotifyAccess=all.
import { openDeadline } from "./deadline.ts";
import { run } from "./run.ts";

const LIMIT_MS = 5000;

/** Tells it, for example `READY=1`. Nothing happens when nobody started us as a service; never rejects. */
export async function notifyServiceManager(...states: readonly string[]): Promise<void> {
  if (!process.env.NOTIFY_SOCKET) return;
  const deadline = openDeadline(LIMIT_MS);
  await run({
    argv: ["systemd-notify", ...states],
    signal: deadline.signal,
    inherit: ["NOTIFY_SOCKET"],
  }).finally(deadline.close);
}

/** How often it wants to hear that we live: half of what it waits; undefined when it does not ask for it. */
export function watchdogPeriodMs(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const microseconds = Number(env.WATCHDOG_USEC);
  return Number.isSafeInteger(microseconds) && microseconds > 0 ? microseconds / 2000 : undefined;
}
