// Whether a core by snapshot works here. Nothing but a trial tells: the package, the C library, capabilities, Yama and a
// container's seccomp profile all have a say. It is made on a process of our own, which is gone afterwards.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareCore } from "../../core/core-helper.ts";
import { ExhibitError, messageOf } from "../../errors.ts";
import { hasCommand } from "../../host/commands-on-path.ts";
import { openDeadline } from "../../host/deadline.ts";
import { killGroup } from "../../host/process-group.ts";
import { startHelper } from "../../host/start.ts";
import { parseProcStat } from "../../parsers/proc-stat.ts";
import { printable } from "../../printable.ts";
import { ok, skipped, warning, type Check } from "./check.ts";
import { AS_ROOT } from "./rights.ts";

const NAME = "core by snapshot";
const LOSS = "a target is stopped for as long as its core is read";
const PATIENCE_MS = 15_000;

export async function checkSnapshot(
  platform: NodeJS.Platform,
  architecture: string,
  uid: number | undefined,
): Promise<Check> {
  if (platform !== "linux") return skipped(NAME, `not on ${platform}, which has gcore`);
  if (architecture !== "x64")
    return warning(
      NAME,
      `not on ${architecture}, only on x86-64: ${LOSS}`,
      "there is none for this machine; --max-pause bounds how long a target may stand",
    );
  if (!(await hasCommand("cat"))) return skipped(NAME, "unknown: there is no cat to try it on");
  try {
    return ok(NAME, `works: a trial stood for ${(await tryOnOurselves()).toFixed(1)} ms`);
  } catch (error) {
    const hint = error instanceof ExhibitError ? error.hint : undefined;
    return warning(NAME, `${printable(messageOf(error), 300)}: ${LOSS}`, hint ?? fixOf(uid));
  }
}

function fixOf(uid: number | undefined): string {
  return uid === 0
    ? "give the container or service CAP_SYS_PTRACE, and a seccomp profile that allows ptrace(2)"
    : AS_ROOT;
}

/** Takes the core of a cat(1), which ends with us; resolves with how long it stood, in ms. */
async function tryOnOurselves(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "exhibit-doctor-"));
  const patient = startHelper(["cat"]);
  // It could not be started after all: it then has no pid, and the trial fails.
  patient.on("error", () => undefined);
  const deadline = openDeadline(PATIENCE_MS);
  const late = once(deadline.signal, "abort").then(() => {
    throw new ExhibitError(`a trial took more than ${PATIENCE_MS / 1000} s`, {
      hint: "look again when it is less busy",
    });
  });
  try {
    return await Promise.race([take(patient, join(folder, "core")), late]);
  } finally {
    deadline.close();
    killGroup(patient.pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

async function take({ pid = 0 }: ChildProcess, path: string): Promise<number> {
  const { startTime } = parseProcStat(await readFile(`/proc/${pid}/stat`, "latin1")) ?? {};
  const prepared = await prepareCore({
    pid,
    startTime: startTime ?? "",
    method: "snapshot",
    maxPauseMs: PATIENCE_MS,
    path,
    through: [],
    runId: undefined,
  });
  const { standing, finished } = await prepared.take();
  const [problem] = (await finished).problems;
  if (problem !== undefined) throw new ExhibitError(`a trial had a fault: ${problem}`);
  return standing.pauseMs;
}
