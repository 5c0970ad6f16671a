import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf } from "../../src/readings/answer.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { inC, inNode, openScene } from "../helpers/fault-process.ts";

/** Where nobody listens. */
const NOBODY = "127.0.0.1:9";
const QUICK = ["--profile", "quick", "--no-note", "--no-upload"];

test("a capture says of a deadlock and of a missing dependency what is wrong, first", async (t) => {
  const scene = openScene();
  const box = openSandbox(`capture: {window: 3s}\nservices: [{match: node, connectedTo: ['${NOBODY}']}]\n`);
  t.after(async () => {
    await scene.end();
    box.remove();
  });
  const targets = await Promise.all([
    scene.start(inC(scene, "deadlock")),
    scene.start(inNode("dependency", "9")),
  ]);

  const pids = targets.flatMap(({ pid }) => ["--pid", String(pid)]);
  await box.runBeside(["capture", ...pids, ...QUICK]);

  const manifests = box.ids().map((id) => box.manifest(id));
  const [stuck, alone] = targets.map(({ pid }) => manifests.find(({ target }) => target.pid === pid));
  const [deadlock, disconnected] = [stuck, alone].map((manifest) => manifest?.readings.slice(0, 1));
  assert.deepEqual(
    deadlock?.map(({ id, value, collector, sureness, speaksFor }) => [
      id,
      value,
      collector,
      sureness,
      speaksFor,
    ]),
    [["deadlock", 2, "threads", "likely", "restart"]],
  );
  assert.match(deadlock[0]?.line ?? "", /"wchan":"futex\w*".*"syscall":"(?:202|98) 0x[0-9a-f]+ 0x80 0x2 /);
  assert.match(box.read(deadlock[0]?.file ?? "", stuck?.captureId), /"syscall"/);
  assert.equal(answerOf(deadlock, []), "restart");
  assert.deepEqual(
    disconnected?.map(({ id, text, question }) => [id, text, question]),
    [
      [
        "disconnected",
        `The process has no open connection to ${NOBODY}, which the settings say it needs.`,
        "Is it connected to everything that it depends on?",
      ],
    ],
  );
});
