// Together: what renames itself is the target.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openProcess } from "../../src/host/process-files.ts";
import { programOf } from "../../src/inspector/lost.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const cmdlineOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "utf8");

test("another title is no other program", async (t) => {
  const titled = 'process.stdin.once("data", () => (process.title = "renamed")); console.log("up");';
  const { pid, child } = await start(t, [process.execPath, "-e", titled]);
  const held = openProcess(pid);
  t.after(() => held.close());
  const before = programOf(held);

  child.stdin?.write("\n");
  await until(() => cmdlineOf(pid).startsWith("renamed"), 30_000, "it has its new title");

  assert.ok(before !== undefined);
  assert.equal(programOf(held), before);
});

test("the same file started anew in its place is another program", async (t) => {
  const { pid, child } = await start(t, [
    "sh",
    "-c",
    "echo up; read -r _; exec sh -c 'echo again; read -r _'",
  ]);
  const held = openProcess(pid);
  t.after(() => held.close());
  const before = programOf(held);
  const exe = held.linkSync("exe");

  child.stdin?.write("\n");
  await until(
    () => cmdlineOf(pid).includes("again") && !cmdlineOf(pid).includes("exec"),
    30_000,
    "it is started anew",
  );

  assert.deepEqual(held.linkSync("exe"), exe);
  assert.ok(before !== undefined && programOf(held) !== undefined);
  assert.notEqual(programOf(held), before);
});
