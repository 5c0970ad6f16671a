// The way without a copy: the target stands until all of it has been read. Raw into a file that is one to two seconds a
// gigabyte; through a compressor it is as slow as that. The target goes on when the limit of the pause is reached, whatever
// is written by then.
import { readFileSync } from "node:fs";
import { ExhibitError, messageOf } from "../../errors.ts";
import { parseMaps } from "../../parsers/proc-maps.ts";
import { holdThreads } from "../ptrace/threads.ts";
import type { System } from "../ptrace/system.ts";
import { estimateCore } from "./estimate.ts";
import { listModules } from "./modules.ts";
import { openOutput } from "./output.ts";
import { reasonNotToRead, reasonNotToStop } from "./preflight.ts";
import { readRegisters } from "./registers.ts";
import type { HelperRequest, Talk } from "./request.ts";
import { Aborted } from "./aborted.ts";
import { assertUnchanged, readTarget } from "./target.ts";
import { withTouched } from "./touched.ts";
import { describe } from "./unfrozen.ts";
import { coreFaults, writeCore } from "./write-core.ts";

const STOP_MS = 500;

/** Takes a core of the stopped target. Throws ExhibitError when it is refused or fails; the target goes on in every case. */
export async function takeStopped(system: System, request: HelperRequest, talk: Talk): Promise<void> {
  const { pid } = request;
  const target = readTarget(pid, request.startTime);
  const reason = (await reasonNotToStop(target)) ?? reasonNotToRead(target);
  if (reason !== undefined) throw new ExhibitError(reason);
  const estimate = estimateCore(target, "stop", { toFile: request.path !== undefined });
  const output = openOutput(request.path);
  talk.tell({
    event: "ready",
    estimate,
    modules: listModules(target),
    areas: target.areas.length,
    residentBytes: target.status.residentBytes ?? 0,
  });
  await talk.go();

  const held = holdThreads(system, pid);
  const begun = performance.now();
  const enough = AbortSignal.timeout(Math.max(1, request.maxPauseMs));
  try {
    held.stop(Math.min(STOP_MS, request.maxPauseMs));
    const stopMs = performance.now() - begun;
    assertUnchanged(target);
    const threads = readRegisters(system, pid, held.stopped());
    // Its areas as they are now, with what smaps told of them (reading that again would be most of a short pause), and with
    // what was written to since.
    const known = new Map(target.areas.map((area) => [area.start, area]));
    const now = parseMaps(readFileSync(`/proc/${pid}/maps`, "latin1"));
    const areas = withTouched(
      pid,
      now.map((area) => describe(area, known.get(area.start))),
    );
    const signal = AbortSignal.any([talk.ended, enough]);
    const written = await writeCore({ target, threads, areas, from: pid, saved: [], output, signal });
    held.release();
    const pauseMs = performance.now() - begun;
    const ids = threads.map(({ id }) => id);
    talk.tell({ event: "standing", pauseMs, stopMs, threads: ids, survivesRestart: true });
    const { coreBytes, headBytes, readBytes, holeBytes, failedBytes, segments, streamMs } = written;
    talk.tell({
      event: "complete",
      coreBytes,
      headBytes,
      readBytes,
      holeBytes,
      failedBytes,
      segments,
      streamMs,
      pauseMs,
      problems: coreFaults(written, { missing: [], writtenBytes: output.writtenBytes() }),
      remarks: [],
      peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    });
  } catch (error) {
    held.release();
    const why = enough.aborted ? "the target had been stopped for as long as is allowed" : messageOf(error);
    throw new Aborted(why, { pausedMs: performance.now() - begun, mustEnd: true });
  }
}
