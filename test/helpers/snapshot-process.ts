// Takes a snapshot of a process as the helper does and ends itself at a chosen moment: what the kernel and the target make
// of it is for the test to see.
//   snapshot-process.ts PID START_TIME STEP [NTH]
import { openSystem } from "../../src/core/ptrace/system.ts";
import { takeSnapshot } from "../../src/core/helper/snapshot.ts";

const [pid = "0", startTime = "", step = "", nth = "1"] = process.argv.slice(2);
let left = Number(nth);
const reached = (now: string) => {
  if (now === step && --left === 0) process.kill(process.pid, "SIGKILL");
};

await takeSnapshot(
  await openSystem(),
  { pid: Number(pid), startTime, method: "snapshot", maxPauseMs: 5000 },
  {
    tell: (event) => reached(event.event),
    go: () => Promise.resolve([]),
    ended: new AbortController().signal,
  },
  { onStep: reached },
).catch((error: unknown) => {
  if (step !== "none") throw error;
});
