// Needs: gcc
// Whoever ends a whole control group, the target's or that of whoever wanted the core: the copy and its readers are in none
// of them, the core is whole, and nothing of ours stays behind.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { prepareCore } from "../../../src/core/core-helper.ts";
import { unifiedHeadroom } from "../../../src/core/helper/headroom.ts";
import { reasonToStay } from "../../../src/core/helper/standing-copy.ts";
import { findMarked, sweep } from "../../../src/host/process-group.ts";
import { removeEmptyCgroups } from "../../../src/host/own-cgroup.ts";
import { makeControlGroup, ownCgroups } from "../../helpers/control-group.ts";
import { childrenOf, compile, startCoreTarget } from "../../helpers/core-target.ts";
import { HELPER } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-groups-"));
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});
/** A compressor that begins when `gate` is there: until then the core is in the middle. */
const gated = (gate: string) =>
  ["sh", "-c", `while [ ! -e "$1" ]; do sleep 0.02; done; exec zstd -1 -q --check -c`, "sh", gate] as const;
const CALLER = new URL("../../helpers/core-caller.ts", import.meta.url).pathname;

test("the groups of caller and target are ended while the core is written: it is whole, and nothing is left", async (t) => {
  const [callers, targets] = [makeControlGroup("caller"), makeControlGroup("target")];
  t.after(callers.remove);
  t.after(targets.remove);
  const target = await startCoreTarget(program, ["32"], targets.within);
  t.after(target.end);
  const { pid, startTime, told } = target;
  const [path, late, gate] = [join(folder, "core.zst"), join(folder, "late.jsonl"), join(folder, "gate")];
  const runId = `groups-${process.pid}`;
  t.after(() => sweep(runId));
  const words = [process.execPath, "--import", import.meta.resolve("tsx"), CALLER];
  const [file = "", ...args]: readonly string[] = [
    ...callers.within,
    ...words,
    String(pid),
    startTime,
    path,
    late,
    runId,
    ...gated(gate),
  ];
  const caller = spawn(file, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: caller.stdout }), "line");
  const standing = JSON.parse(String(line));
  const copy = Number(childrenOf(pid).split(" ").at(-1));
  assert.deepEqual(
    [standing.survivesCaller, standing.survivesRestart, standing.stays],
    [true, true, undefined],
  );
  assert.ok(ownCgroups().includes(standing.group));
  let ours: readonly number[] = [];
  // The gate's own `sleep` comes and goes.
  await until(async () => (ours = await findMarked(runId)).length === 2, 20_000, "helper and compressor");
  assert.deepEqual(
    callers.pids().filter((one) => ours.includes(one)),
    [],
  );
  assert.deepEqual(new Set(targets.pids()), new Set([pid]));

  const [callerEnded, targetEnded] = [once(caller, "exit"), once(target.child, "exit")];
  callers.kill();
  targets.kill();
  await Promise.all([callerEnded, targetEnded]);
  await until(() => callers.pids().length + targets.pids().length === 0, 5000, "nobody waits for the groups");
  assert.ok(existsSync(`/proc/${copy}`), "the copy stands");
  writeFileSync(gate, "");

  await until(async () => (await findMarked(runId)).length === 0, 20_000, "helper and compressor have ended");
  const kept = readFileSync(late, "utf8")
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one));
  assert.deepEqual(
    kept.map(({ event }) => event),
    [undefined, "ready", "standing", "complete"],
  );
  assert.deepEqual(kept.at(-1).problems, []);
  const { status, stdout } = spawnSync("zstd", ["-dc", path], { maxBuffer: 2 ** 31 });
  assert.equal(status, 0);
  assert.equal(stdout.length, kept.at(-1).coreBytes);
  assert.ok(stdout.includes(told.planted));
  await until(() => !existsSync(`/proc/${copy}`), 5000, "the copy has ended, and nobody's zombie is left");
  // The next core of anybody takes the empty group away.
  const isRemoved = () => (removeEmptyCgroups(), !ownCgroups().includes(standing.group));
  await until(isRemoved, 5000, "the group can be removed");
});

test("a core whose caller lives leaves no group behind, whole or not", async (t) => {
  const target = await startCoreTarget(program, ["8"]);
  t.after(target.end);
  const { pid, startTime } = target;
  for (const compressor of [["zstd", "-1", "-q", "-c"], ["false"]] as const) {
    const path = join(folder, `left-${compressor[0]}`);
    const asked = { pid, startTime, method: "snapshot", maxPauseMs: 5000, path, runId: undefined } as const;
    const prepared = await prepareCore({ ...asked, through: [compressor], program: HELPER });
    const { standing, finished } = await prepared.take();
    assert.ok(standing.group);
    const whole = await finished.then(
      () => true,
      () => false,
    );
    assert.equal(whole, compressor[0] === "zstd");
    assert.equal(ownCgroups().includes(standing.group), false);
  }
});

test("near the limit of a memory cgroup of version 2 the copy stays in it, to be ended first", () => {
  const group = join(folder, "system.slice", "muskie.service");
  mkdirSync(group, { recursive: true });
  const mountinfo = `30 24 0:26 / ${folder} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n`;
  const groups = "4:memory:/elsewhere\n0::/system.slice/muskie.service\n";
  const MIB = 1024 ** 2;
  const files = { "memory.max": 1000 * MIB, "memory.current": 700 * MIB };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(group, name), `${bytes}\n`);
  writeFileSync(join(group, "memory.stat"), `inactive_file ${100 * MIB}\n`);
  writeFileSync(join(folder, "system.slice", "memory.max"), "max\n");

  const headroom = unifiedHeadroom(groups, mountinfo);

  assert.equal(headroom?.bytes, 400 * MIB);
  assert.equal(reasonToStay(headroom, 300 * MIB), undefined);
  assert.match(
    reasonToStay(headroom, 500 * MIB) ?? "",
    /^400 MiB are left below the target's memory limit and 614 MiB could be needed/,
  );
  assert.equal(unifiedHeadroom("0::/system.slice\n", mountinfo), undefined);
  assert.equal(reasonToStay(undefined, 500 * MIB), undefined);
});
