// Needs: gcc
// What a core must never claim: that memory is zeros which was written to, that it is whole when it is not, that it has ended well
// when what it was read out of had ended.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { prepareCore } from "../../../src/core/core-helper.ts";
import { openCore } from "../../helpers/core-file.ts";
import {
  childrenOf,
  compile,
  flagsOf,
  goesOn,
  startCoreTarget,
  type CoreTarget,
} from "../../helpers/core-target.ts";
import { HELPER, takeCore } from "../../helpers/take-core.ts";
import { until } from "../../helpers/until.ts";

const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-no-false-core-"));
after(() => {
  remove();
  rmSync(folder, { recursive: true });
});

const METHODS = ["snapshot", "stop"] as const;
const MIB = 1 << 20;
let files = 0;
const newPath = () => join(folder, `file-${files++}`);

async function started(t: TestContext, args: readonly string[]) {
  const target = await startCoreTarget(program, args);
  t.after(target.end);
  return target;
}

async function prepared(
  { pid, startTime }: CoreTarget,
  options: Pick<Parameters<typeof prepareCore>[0], "method" | "path"> & { readonly through?: string },
) {
  const through = options.through === undefined ? [] : [["sh", "-c", options.through] as const];
  return prepareCore({
    pid,
    startTime,
    maxPauseMs: 20_000,
    runId: undefined,
    program: HELPER,
    ...options,
    through,
  });
}

for (const method of METHODS)
  test(`memory that is first written to after the target was looked at is in a core by ${method}, or named`, async (t) => {
    const target = await started(t, ["8", "late"]);
    const path = newPath();
    const { take } = await prepared(target, { method, path });
    process.kill(target.pid, "SIGUSR2");
    await until(() => target.completed() === 1, 30_000, "it has written");
    const flags = flagsOf(target.pid);

    const { finished } = await take();
    const { problems } = await finished;

    const core = openCore(path);
    const late = target.extra();
    assert.ok(core.bytes(late + MIB + 5 * 4096, 4096).equals(Buffer.alloc(4096, "N")));
    assert.ok(core.bytes(late + 3 * MIB, 4096).equals(Buffer.alloc(4096, "N")));
    const wiped = late + 5 * MIB;
    // A copy has nothing of what is to be wiped on fork: it was not known in time to be saved.
    const missing = `1 areas of memory are missing, the first ${MIB} bytes at 0x${wiped.toString(16)}`;
    if (problems.length === 0) assert.ok(core.bytes(wiped, MIB).equals(Buffer.alloc(MIB, "N")));
    else assert.deepEqual([method, ...problems], ["snapshot", missing]);
    core.close();
    await goesOn(target, flags);
  });

test("what the target's coredump_filter leaves out is told with its size, and such a core is not complete", async (t) => {
  const target = await started(t, ["8"]);
  const { pid, startTime } = target;
  const filter = `/proc/${pid}/coredump_filter`;
  writeFileSync(filter, "0x10");

  for (const method of METHODS) {
    const { complete } = await takeCore({ pid, startTime, method, path: newPath() });
    const [, bytes] =
      /^the target's coredump_filter \(0x10\) leaves (\d+) bytes of its memory out of the core; with 0x33 in \/proc\/\d+\/coredump_filter they would be in it$/.exec(
        complete.problems.join("; "),
      ) ?? [];
    // 8 MiB of it are memory that it filled, another 8 its pairs of pages.
    assert.ok(Number(bytes) > 16 * MIB && Number(bytes) < 64 * MIB, complete.problems.join("; "));
  }
  // Without the first pages of files nothing is lost that is not in the files.
  writeFileSync(filter, "0x23");
  const { complete } = await takeCore({ pid, startTime, method: "snapshot", path: newPath() });
  assert.deepEqual(complete.problems, []);
});

/** Takes nothing until a file is there, so that the helper is in the middle for as long as we like. */
function heldBack(): { readonly through: string; readonly go: () => void } {
  const sign = newPath();
  return {
    through: `until [ -e ${sign} ]; do sleep 0.05; done; exec cat >/dev/null`,
    go: () => writeFileSync(sign, ""),
  };
}

test("a copy that somebody ends while it is read is no core, and nothing more is read of it", async (t) => {
  const target = await started(t, ["64"]);
  const flags = flagsOf(target.pid);
  const { through, go } = heldBack();
  const { take } = await prepared(target, { method: "snapshot", path: newPath(), through });
  const { finished } = await take();
  process.kill(Number(childrenOf(target.pid).split(" ").at(-1)), "SIGKILL");
  go();

  await assert.rejects(
    finished,
    /^ExhibitError: the core broke off: the copy was ended before all of it was read(?:: where memory is short the kernel ends it first)?$/,
  );
  await until(() => childrenOf(target.pid) === "", 30_000, "nothing of the copy is left");
  await goesOn(target, flags);
});

test("a stopped target that ends while it is read has no core", async (t) => {
  const target = await started(t, ["64"]);
  const { through, go } = heldBack();
  const { take } = await prepared(target, { method: "stop", path: newPath(), through });
  const taking = take();
  taking.catch(() => undefined);
  const status = () => readFileSync(`/proc/${target.pid}/status`, "latin1");
  await until(() => /^State:\tt/m.test(status()), 30_000, "it stands");
  target.end();
  go();

  await assert.rejects(
    taking,
    /the target (?:has ended|ended before all of it was read)$|or its copy, ended meanwhile$/,
  );
  if (target.child.exitCode === null && target.child.signalCode === null) await once(target.child, "exit");
});

test("a process that ends between the look and the pause is said to have ended", async (t) => {
  for (const method of METHODS) {
    const target = await started(t, ["8"]);
    const { take } = await prepared(target, { method, path: newPath() });
    target.end();
    if (target.child.exitCode === null && target.child.signalCode === null) await once(target.child, "exit");

    await assert.rejects(take(), /the target has ended/, method);
  }
});
