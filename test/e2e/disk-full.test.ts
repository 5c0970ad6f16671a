// A disk that is full at every write, by bytes and by files, read-only, or not ours: COMMAND always runs, nothing is called
// complete that is not, and when there is room again the next command seals what had begun.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertCleanAfterwards, leftInSpool } from "../helpers/afterwards.ts";
import { openSandbox, stateOf, type Sandbox } from "../helpers/exhibit.ts";
import { mountReadOnly, mountSmall } from "../helpers/mounted.ts";
import { start } from "../helpers/started.ts";

// Short looks, and no reserve: the disk itself is to say no.
const SETTINGS = "capture: {window: 100ms}\n";
const undo: (() => void)[] = [];
let pid = 0;

before(() => assert.equal(process.getuid?.(), 0, "these tests mount file systems: run them as root"));
after(() => {
  for (const one of undo.toReversed()) one();
});

function sandbox(settings = SETTINGS): Sandbox {
  const box = openSandbox(settings);
  undo.push(box.remove);
  return box;
}

/** A tmpfs in place of the spool: `size=64k`, or `nr_inodes=9`. */
function mountSpool(box: Sandbox, limit: string): void {
  mkdirSync(box.spool, { mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", `mode=700,${limit}`, "exhibit-test", box.spool]);
  undo.push(() => execFileSync("umount", ["-l", box.spool]));
}

/** One capture on a spool with this limit, then room, then the next command. What it said, and what became of it. */
async function fill(limit: string): Promise<"nothing" | "later" | "partial" | "complete"> {
  const box = sandbox();
  mountSpool(box, limit);
  const marker = join(box.folder, "ran");
  const run = box.start([
    "guard",
    "--pid",
    String(pid),
    "-p",
    "quick",
    "-b",
    "2s",
    "--",
    "sh",
    "-c",
    `nice > ${marker}`,
  ]);
  const [status] = await once(run, "close");
  const output = run.output();

  assert.equal(status, 0, `${limit}: ${output}`);
  // COMMAND does not inherit the haste of a capture that broke off.
  assert.equal(readFileSync(marker, "utf8"), "0\n", limit);
  assert.doesNotMatch(output, /this is a bug|\n {4}at /, limit);
  const [id] = box.ids();
  const nothing = output.includes("NOTHING WAS SAVED");
  assert.equal(nothing, id === undefined, `${limit}: ${output}`);
  const sealed = id !== undefined && existsSync(join(box.spool, id, "manifest.json"));
  if (!sealed)
    assert.ok(output.includes(nothing ? `${box.spool}: cannot begin` : join(box.spool, id ?? "")), output);
  if (!sealed) assert.match(output, nothing ? /free some space/ : /was not sealed: .*no space left/, limit);

  execFileSync("mount", ["-o", "remount,size=64m,nr_inodes=10000", box.spool]);
  const next = box.run(["ls"]);

  assert.equal(next.status, 0, `${limit}: ${next.stderr}`);
  await assertCleanAfterwards(box);
  if (id === undefined) return "nothing";
  const { state } = box.manifest(id);
  if (!sealed) assert.equal(state, "interrupted", limit);
  const missing = box
    .manifest(id)
    .collectors.some((one) => ["partial", "failed", "skipped"].includes(one.status));
  if (missing) assert.notEqual(state, "complete", limit);
  return sealed ? (state === "complete" ? "complete" : "partial") : "later";
}

test("full at any byte or any file, COMMAND runs, and what had begun is sealed as soon as there is room", async (t) => {
  ({ pid } = await start(t, ["sh", "-c", "echo up; exec sleep 600"]));
  const sizes = [8, 12, 16, 20, 26, 32, 38, 44, 56, 72, 96, 128, 160, 208, 256, 320];
  const limits = [
    ...[...sizes, 448, 640, 1024, 2048].map((size) => `size=${size}k`),
    ...[2, 4, 6, 8, 11, 20].map((files) => `size=8m,nr_inodes=${files}`),
  ];
  const queue = limits.values();
  const seen = new Map<string, number>();

  // A few at a time: each waits more than it works.
  const work = async () => {
    for (const limit of queue) {
      const became = await fill(limit).catch((error: unknown) => {
        // The others need not go on.
        for (const _ of queue);
        throw error;
      });
      seen.set(became, (seen.get(became) ?? 0) + 1);
    }
  };
  await Promise.all([work(), work(), work(), work()]);

  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  for (const kind of ["nothing", "later", "partial"])
    assert.ok((seen.get(kind) ?? 0) >= 3, JSON.stringify([...seen]));
});

test("a spool that is read-only, or not ours to write, is named, and COMMAND runs", async (t) => {
  const target = await start(t, ["sh", "-c", "echo up; exec sleep 600"]);
  const readOnly = sandbox();
  mkdirSync(join(readOnly.folder, "source"));
  undo.push(mountReadOnly(join(readOnly.folder, "source"), readOnly.spool));
  const notOurs = sandbox();
  chownSync(notOurs.settings, 65_534, 65_534);
  chmodSync(notOurs.folder, 0o755);

  for (const [box, errno, uid] of [
    [readOnly, "EROFS", 0],
    [notOurs, "EACCES", 65_534],
  ] as const) {
    const words = ["--pid", String(target.pid), "-p", "quick", "-b", "2s"];
    const guard = box.run(["guard", ...words, "--", "echo", "ran"], { uid });
    const capture = box.run(["capture", ...words], { uid });

    assert.deepEqual([guard.status, guard.stdout, capture.status], [0, "ran\n", 1], guard.stderr);
    for (const { stderr } of [guard, capture])
      assert.match(stderr, new RegExp(`${box.spool}: cannot begin a bundle: ${errno}`));
    assert.deepEqual([box.ids(), leftInSpool(box)], [[], []]);
  }
});

test("a full archive leaves the bundle waiting in the spool, and push sends it when there is room", async (t) => {
  const target = await start(t, ["sh", "-c", "echo up; exec sleep 600"]);
  const box = sandbox();
  undo.push(mountSmall(box.archive, 64 * 1024));

  const capture = box.run(["capture", "--pid", String(target.pid), "-p", "quick", "-b", "3s", "-i", "INC-4"]);
  const early = box.run(["push"]);
  execFileSync("mount", ["-o", "remount,size=64m", box.archive]);
  const push = box.run(["push"]);
  const again = box.run(["push"]);

  assert.deepEqual([capture.status, early.status, push.status, again.status], [4, 4, 0, 0], capture.stderr);
  assert.match(capture.stderr, new RegExp(`the upload waits: .*${box.archive}.*no space left`));
  assert.match(capture.stderr, /exhibit push/);
  const { uploads } = box.receipt();
  const stored = (uploads[0]?.url ?? "").replace("file://", "");
  execFileSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: stored });
  assert.ok(existsSync(join(stored, "manifest.json")));
  assert.match(again.stderr, /nothing is waiting/);
  await assertCleanAfterwards(box);
  rmSync(stored, { recursive: true });
});
