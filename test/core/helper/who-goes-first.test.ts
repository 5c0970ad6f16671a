// Needs: gcc
// When memory gets short: the copy goes before anybody else, the helper never, and what reads for it is as likely as others.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareCore } from "../../../src/core/core-helper.ts";
import { parseProcStat } from "../../../src/parsers/proc-stat.ts";
import { childrenOf, compile, flagsOf, startCoreTarget, type CoreTarget } from "../../helpers/core-target.ts";
import { HELPER } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-who-first-"));
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});

/** A copy that stands for as long as nobody ends it: what reads its core takes nothing. */
async function standing({ pid, startTime }: CoreTarget) {
  const prepared = await prepareCore({
    pid,
    startTime,
    method: "snapshot",
    maxPauseMs: 5000,
    runId: undefined,
    program: HELPER,
    path: join(folder, `core-${pid}`),
    through: [["sleep", "600"]],
  });
  const { finished } = await prepared.take();
  finished.catch(() => undefined);
  const copy = Number(childrenOf(pid).split(" ").at(-1));
  const status = readFileSync(`/proc/${copy}/status`, "latin1");
  return {
    finished,
    copy,
    helper: Number(/^TracerPid:\t(\d+)$/m.exec(status)?.[1]),
    cancel: prepared.cancel,
  };
}

const scoreOf = (pid: number) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, "latin1"));

test("the kernel ends the copy first and the helper last, which is of a session of its own", async (t) => {
  const target = await startCoreTarget(program, ["64"]);
  t.after(target.end);
  const { finished, copy, helper, cancel } = await standing(target);

  const scores = [scoreOf(copy), scoreOf(helper), scoreOf(target.pid)];
  const stat = parseProcStat(readFileSync(`/proc/${helper}/stat`, "latin1"));
  cancel();
  await assert.rejects(finished);

  // Where that takes a right which root has not (CAP_SYS_RESOURCE), in a container, the helper is as likely as anybody.
  const most = spawnSync("sh", ["-c", "echo -1000 >/proc/self/oom_score_adj; cat /proc/self/oom_score_adj"], {
    encoding: "utf8",
  });
  assert.deepEqual(scores, [1000, Number(most.stdout), scoreOf(process.pid)]);
  assert.deepEqual([stat?.session, stat?.processGroup], [helper, helper]);
});

test("when memory gets short in the target's group the copy is given up before the limit is reached", async (t) => {
  const isOld = existsSync("/sys/fs/cgroup/memory/memory.usage_in_bytes");
  const group = `/sys/fs/cgroup/${isOld ? "memory/" : ""}exhibit-test-first-${process.pid}`;
  const limit = 300 * 1024 ** 2;
  mkdirSync(group);
  writeFileSync(`${group}/${isOld ? "memory.limit_in_bytes" : "memory.max"}`, String(limit));
  const enter = ["sh", "-c", `echo $$ > ${group}/cgroup.procs; exec "$@"`, "sh"] as const;
  const target = await startCoreTarget(program, ["24"], enter);
  // It takes what is left but 20 MiB, as a leaking neighbour would.
  const eat = `
import time
kept = []
while int(open("${group}/${isOld ? "memory.usage_in_bytes" : "memory.current"}").read()) < ${limit - 20 * 1024 ** 2}:
    kept.append(b"x" * (1 << 20))
time.sleep(600)`;
  const flags = flagsOf(target.pid);
  const { finished, copy } = await standing(target);
  const eater = spawn(enter[0], [...enter.slice(1), "python3", "-c", eat], { stdio: "ignore" });
  t.after(async () => {
    eater.kill("SIGKILL");
    target.end();
    await until(() => readFileSync(`${group}/cgroup.procs`, "latin1") === "", 30_000);
    rmdirSync(group);
  });

  await assert.rejects(
    finished,
    /^ExhibitError: the core broke off: memory got short in its memory cgroup, so the copy was given up$/,
  );

  await until(() => !existsSync(`/proc/${copy}`), 30_000, "nothing of the copy is left");
  const { beats } = target.look();
  await until(() => target.look().beats > beats + 10, 30_000, "the target goes on");
  assert.equal(flagsOf(target.pid), flags);
  assert.equal(eater.exitCode ?? eater.signalCode, null);
  eater.kill("SIGKILL");
  await once(eater, "exit");
});
