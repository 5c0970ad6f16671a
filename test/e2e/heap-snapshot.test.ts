import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { openSandbox } from "../helpers/exhibit.ts";
import { isListening } from "../helpers/inspect-rounds.ts";
import { cameAround, ECHO, startNode } from "../helpers/node-target.ts";
import { until } from "../helpers/until.ts";

const FOLDER = "evidence/heap-snapshot";
/** Found again in the snapshot. */
const FULL = `class Leaked { constructor(i) { this.text = "leaked-" + i; } }
  globalThis.leaked = Array.from({ length: 50000 }, (_, i) => new Leaked(i)); ${ECHO}`;

function openBox(t: Pick<TestContext, "after">) {
  const box = openSandbox(
    "profiles: {nothing: {summary: a test, collectors: [{name: runtime, options: {inspector: never}}], window: 1s}}\n",
  );
  t.after(() => box.remove());
  return box;
}

const words = (pid: number, more: readonly string[]) =>
  [
    "capture",
    "--pid",
    String(pid),
    "-p",
    "nothing",
    "-b",
    "2m",
    "--no-note",
    "--no-upload",
    ...more,
  ] as const;

describe("a heap snapshot", { concurrency: true }, () => {
  test("is not taken without its price: it is told, and the capture says that something is missing", async (t) => {
    const target = await startNode(t, FULL);
    const box = openBox(t);

    const ran = await box.runBeside(words(target.pid, ["--heap-snapshot"]));

    const record = box.manifest().collectors.find(({ name }) => name === "heap-snapshot");
    assert.equal(ran.status, 3, ran.stderr);
    assert.equal(record?.status, "failed");
    const price =
      /not taken: a heap snapshot of \d.*iB stops it for up to \d+\.\d s(?: \(.*own\))?, takes .*; accept that by --heap-snapshot \d+s/;
    assert.match(record?.reason ?? "", price);
    assert.match(ran.stderr, price);
    assert.equal(typeof record?.inside?.closedAt, "string");
    await cameAround(target);
  });

  test("is taken for an accepted price: whole, as memory, and its pause is told", async (t) => {
    const target = await startNode(t, FULL);
    const box = openBox(t);

    const ran = await box.runBeside(words(target.pid, ["--heap-snapshot", "50s", "--max-pause", "50s"]));

    const manifest = box.manifest();
    const record = manifest.collectors.find(({ name }) => name === "heap-snapshot");
    const file = manifest.files.find(({ path }) => path.startsWith(`${FOLDER}/heap.heapsnapshot`));
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual([record?.status, record?.touch, file?.sensitivity], ["ok", "stop", "core"]);
    assert.ok((record?.observedPauseMs ?? 0) > 0 && (record?.predictedPauseMs ?? 0) > 0);
    assert.equal(typeof record?.inside?.closedAt, "string");
    const packed = join(box.spool, box.ids().at(-1) ?? "", file?.path ?? "");
    const snapshot = JSON.parse(
      execFileSync("zstd", ["-dc", packed], { encoding: "utf8", maxBuffer: 2 ** 30 }),
    );
    assert.equal(
      snapshot.snapshot.node_count,
      snapshot.nodes.length / snapshot.snapshot.meta.node_fields.length,
    );
    assert.ok(snapshot.strings.includes("Leaked"));
    await cameAround(target);
  });

  test("in the middle of which we are killed leaves the target alive and its port closed", async (t) => {
    // About 20 MB: a second or two.
    const target = await startNode(t, FULL.replace("50000", "150000"));
    const box = openBox(t);
    const agent = box.start(words(target.pid, ["--heap-snapshot", "100s", "--max-pause", "100s"]));
    t.after(() => agent.kill("SIGKILL"));
    const path = () => join(box.spool, box.ids().at(-1) ?? "none", FOLDER, "heap.heapsnapshot");
    await until(() => existsSync(path()) && statSync(path()).size > 0, 60_000);

    agent.kill("SIGKILL");
    await once(agent, "exit");

    await until(() => isListening(target.pid, target.inspectPort) === false, 60_000);
    // V8 goes on with what it began, and other tests want the CPU, too.
    await cameAround(target, 90_000);
    assert.equal(target.child.exitCode, null);
  });

  test("may not stop the target for longer than --max-pause", (t) => {
    const ran = openBox(t).run(words(process.pid, ["--heap-snapshot", "20s"]));

    assert.equal(ran.status, 2);
    assert.match(ran.stderr, /--heap-snapshot 20s: --max-pause is less/);
  });
});
