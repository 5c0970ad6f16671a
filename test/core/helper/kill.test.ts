// Needs: gcc
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeEmptyCgroups } from "../../../src/host/own-cgroup.ts";
import { ownCgroups, pidsIn } from "../../helpers/control-group.ts";
import { killCores } from "../../helpers/core-kills.ts";
import { compile, startCoreTarget } from "../../helpers/core-target.ts";
import { HELPER } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const isTidy = () => {
  removeEmptyCgroups();
  return ownCgroups().every((name) => pidsIn(name).length > 0);
};

test("the helper may be killed at random moments: the target lives, runs, and is as it was", async (t) => {
  const { program, remove } = compile("target");
  const folder = mkdtempSync(join(tmpdir(), "exhibit-kills-"));
  const target = await startCoreTarget(program, ["32"]);
  t.after(() => {
    target.end();
    remove();
    rmSync(folder, { recursive: true });
  });

  const { kills, inPause, ...harm } = await killCores(target, 40, { folder, spanMs: 60, program: HELPER });

  assert.equal(kills, 40);
  assert.ok(inPause >= 5, `${inPause} kills in the pause`);
  assert.deepEqual(harm, {
    dead: 0,
    stopped: 0,
    changedFlags: 0,
    strayed: 0,
    wrongRegisters: 0,
    livingCopies: 0,
  });
  // Of those that had made a control group; other tests may be at work in theirs.
  await until(isTidy, 5000, "no empty group is left");
});
