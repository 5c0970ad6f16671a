// Kills the helper at random moments of a core, the pause most of all, and looks at what is left of the target. The test and
// the benchmark share it.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { prepareCore, type CoreRequest } from "../../src/core/core-helper.ts";
import { sweep } from "../../src/host/process-group.ts";
import { childrenOf, flagsOf, type CoreTarget } from "./core-target.ts";
import { until } from "./until.ts";

export interface CoreKills {
  readonly kills: number;
  /** Kills while the target stood, as far as its helper had told. */
  readonly inPause: number;
  readonly dead: number;
  readonly stopped: number;
  readonly changedFlags: number;
  readonly strayed: number;
  readonly wrongRegisters: number;
  readonly livingCopies: number;
}

const isRunning = (target: CoreTarget) =>
  !/^State:\t[TtZX]/m.test(readFileSync(`/proc/${target.pid}/status`, "latin1"));

/** `spanMs` is how long after "go" the kills are spread; the first quarter of it gets half of them. */
export async function killCores(
  target: CoreTarget,
  rounds: number,
  options: {
    readonly folder: string;
    readonly spanMs: number;
    readonly program?: CoreRequest["program"];
    readonly onRound?: (round: number) => void;
  },
): Promise<CoreKills> {
  const { pid, startTime } = target;
  const flags = flagsOf(pid);
  const before = target.look();
  const result = { kills: 0, inPause: 0, dead: 0, stopped: 0, changedFlags: 0, livingCopies: 0 };
  for (let round = 0; round < rounds; round++) {
    options.onRound?.(round);
    const path = join(options.folder, `killed-${round}`);
    const runId = `kill-${process.pid}-${round}`;
    const prepared = await prepareCore({
      pid,
      startTime,
      method: "snapshot",
      maxPauseMs: 5000,
      path,
      through: [],
      runId,
      ...(options.program === undefined ? {} : { program: options.program }),
    });
    let stands = false;
    const taking = prepared.take().then(
      (standing) => {
        stands = true;
        return standing.finished.catch(() => undefined);
      },
      () => undefined,
    );
    const share = Math.random() < 0.5 ? 0.25 : 1;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * share * options.spanMs));
    if (!stands) result.inPause++;
    prepared.cancel();
    result.kills++;
    await taking;
    await sweep(runId);
    rmSync(path, { force: true });

    if (!existsSync(`/proc/${pid}`)) {
      result.dead++;
      break;
    }
    const { beats } = target.look();
    const runs = await until(() => target.look().beats > beats + 5, 30_000).then(
      () => isRunning(target),
      () => false,
    );
    if (!runs) result.stopped++;
    const settled = await until(() => flagsOf(pid) === flags, 30_000).then(
      () => true,
      () => false,
    );
    if (!settled) result.changedFlags++;
    const isGone = () =>
      childrenOf(pid)
        .split(" ")
        .filter(Boolean)
        .every((child) => /^State:\tZ/m.test(readFileSync(`/proc/${child}/status`, "latin1")));
    const died = await until(isGone, 30_000).then(
      () => true,
      () => false,
    );
    if (!died) result.livingCopies++;
  }
  const after = result.dead > 0 ? { strayed: -1, wrong: -1 } : target.look();
  return {
    ...result,
    strayed: after.strayed - before.strayed,
    wrongRegisters: after.wrong - before.wrong,
  };
}
