// Needs: gcc gdb
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readCoreFile } from "../../../src/core/elf-core.ts";
import { comparePages, gcore, openCore, seenByGdb } from "../../helpers/core-file.ts";
import { childrenOf, compile, flagsOf, startCoreTarget } from "../../helpers/core-target.ts";
import { brokenPairs } from "../../helpers/one-instant.ts";
import { takeCore } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-snapshot-"));
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});
const state = (pid: number) => /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];

test("of a process that stands still, a snapshot and a core of the stopped process are what gcore's is", async (t) => {
  const target = await startCoreTarget(program);
  t.after(target.end);
  const { pid, startTime } = target;
  process.kill(pid, "SIGSTOP");
  await until(() => state(pid) === "T", 30_000);
  const flags = flagsOf(pid);

  for (const method of ["snapshot", "stop"] as const) {
    const { complete } = await takeCore({ pid, startTime, method, path: join(folder, method) });
    assert.deepEqual(complete.problems, []);
  }
  gcore(pid, join(folder, "gcore"));

  assert.equal(state(pid), "T");
  assert.equal(flagsOf(pid), flags);
  assert.equal(childrenOf(pid), "");
  const reference = openCore(join(folder, `gcore.${pid}`));
  const expected = seenByGdb(program, join(folder, `gcore.${pid}`));
  assert.match(expected, /hold_registers/);
  for (const method of ["snapshot", "stop"]) {
    const core = openCore(join(folder, method));
    const { common, different } = comparePages(core, reference);
    core.close();
    // rseq(2): the kernel notes the CPU in the control block of the thread that ran the chain.
    assert.ok(different.length <= (method === "snapshot" ? 1 : 0), `${method}: ${different.length} pages`);
    assert.ok(common > 4000);
    assert.equal(seenByGdb(program, join(folder, method)), expected, method);
  }
  reference.close();
  process.kill(pid, "SIGCONT");
  const { beats } = target.look();
  await until(() => target.look().beats > beats + 10, 30_000);
});

test("a snapshot of a process at work is of one instant, with all the memory that a copy does not carry", async (t) => {
  const target = await startCoreTarget(program);
  t.after(target.end);
  const { pid, startTime, told } = target;
  const flags = flagsOf(pid);

  for (const round of [1, 2, 3]) {
    const path = join(folder, `live-${round}`);
    const { standing, complete } = await takeCore({ pid, startTime, method: "snapshot", path });

    assert.deepEqual(complete.problems, []);
    assert.equal(complete.reaped, true);
    assert.equal(standing.portsFree, true);
    const core = openCore(path);
    assert.deepEqual(
      brokenPairs(told.pairs, (address) => core.bytes(address, 8)),
      [],
    );
    const isFull = (address: number, letter: string) =>
      core.bytes(address, 1 << 20).equals(Buffer.alloc(1 << 20, letter));
    assert.ok(isFull(told.shared, "S"));
    assert.ok(isFull(told.apart, "D"));
    assert.ok(isFull(told.wiped, "W"));
    assert.equal(core.page(told.hidden), undefined);
    core.close();
    assert.ok(readFileSync(path).includes(told.planted));
    const read = await readCoreFile(path);
    assert.deepEqual(new Set(read?.contents?.threadIds), new Set(standing.threads));
    assert.equal(standing.threads.length, 8);
  }

  assert.equal(flagsOf(pid), flags);
  assert.equal(childrenOf(pid), "");
  const { strayed, wrong } = target.look();
  assert.deepEqual({ strayed, wrong }, { strayed: 0, wrong: 0 });
});
