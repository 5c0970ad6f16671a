// Watches from outside whether a process is stopped: reads its state every 5 ms until its parent asks what it saw. A
// process of its own, so that nobody's work delays it; the longest gap between two looks says how far to trust it.
//   stop-sampler.mjs PID
import { openSync, readSync } from "node:fs";

const EVERY_MS = 5;
const file = openSync(`/proc/${process.argv[2]}/stat`, "r");
const bytes = Buffer.alloc(1024);
let stoppedSince: number | undefined;
let longestStopMs = 0;
let longestGapMs = 0;
let last = performance.now();

/** T: stopped by a signal, t: by a tracer (proc_pid_stat(5)). The name before the state may hold anything but ends at the last `)`. */
function isStopped(): boolean {
  const text = bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, 0));
  return /^[Tt]$/.test(text[text.lastIndexOf(")") + 2] ?? "");
}

setInterval(() => {
  const stopped = isStopped();
  const now = performance.now();
  longestGapMs = Math.max(longestGapMs, now - last);
  last = now;
  if (stopped) stoppedSince ??= now;
  if (stoppedSince !== undefined) longestStopMs = Math.max(longestStopMs, now - stoppedSince);
  if (!stopped) stoppedSince = undefined;
}, EVERY_MS);
process.on("message", () => process.send?.({ longestStopMs, longestGapMs }, () => process.exit(0)));
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true });
