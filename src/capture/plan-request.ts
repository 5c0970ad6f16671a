// The plan of a request as this host is now: what its disk has to spare, and how slow it is.
import { assertAnswers } from "../host/answers.ts";
import { readDiskBelow, spendableBytes } from "../host/disk.ts";
import { planCapture, type CapturePlan } from "./plan.ts";
import type { CaptureRequest } from "./request.ts";

/** The plan of a request as things stand now; also what --dry-run shows, so nothing is written. */
export async function planRequest(request: CaptureRequest): Promise<CapturePlan> {
  await assertAnswers(request.spool.path, Math.min(2000, request.budgetMs / 4));
  const disk = await readDiskBelow(request.spool.path);
  const spendable = disk === undefined ? 0 : spendableBytes(disk, request.spool.keepFree);
  return planCapture({
    ...request,
    elapsedMs: request.agoMs,
    slowness: readSlowness(request.agoMs),
    spendableBytes: Math.min(spendable, request.spool.maxBytes),
  });
}

/** What our own start took against the CPU time it needed: how long things take on this host now, 1 to 6. */
function readSlowness(agoMs: number): number {
  const { user, system } = process.cpuUsage();
  return Math.min(6, Math.max(1, agoMs / ((user + system) / 1000)));
}
