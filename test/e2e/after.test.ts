// `guard --after` and what it says of a mitigation; `capture --after-of` and `diff` on the bundles of a service.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import pLimit from "p-limit";
import { CaptureResult } from "../../src/commands/results/captures.ts";
import { DiffResult } from "../../src/commands/results/diff.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { runScenario, SCENARIOS } from "../helpers/mitigation-scenarios.ts";

// The others are in bench/readings: each takes seconds.
const SHOWN = ["a restart that helps", "a mitigation that does nothing", "a service that does not come back"];

test("what a mitigation did is said: fixed, not fixed, worse", async () => {
  const sideBySide = pLimit(2);
  const told = await Promise.all(
    SCENARIOS.filter(({ name }) => SHOWN.includes(name)).map((scenario) =>
      sideBySide(async () => ({ scenario, after: await runScenario(scenario) })),
    ),
  );

  for (const { scenario, after } of told)
    assert.equal(after.verdict, scenario.expected, `${scenario.name}: ${after.text}`);
  const [fixed] = told;
  assert.match(fixed?.after.text ?? "", /^Fixed: .*CLOSE_WAIT 60 -> 0.*\(gone: close-wait\)$/);
});

test("a capture after a bundle is compared with it, and diff sets the two side by side", async (t) => {
  const box = openSandbox("capture: {window: 1s}\n");
  t.after(() => box.remove());
  const target = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  t.after(() => target.kill("SIGKILL"));
  await once(target, "spawn");
  const pid = ["--pid", String(target.pid)];
  await box.runBeside(["capture", ...pid, "--only", "process,sockets,threads,open-files"]);
  const [first = ""] = box.ids();

  const again = await box.runBeside(["capture", ...pid, "--after-of", first, "--json"]);
  const diff = await box.runBeside(["diff", first, "last", "--json"]);
  const page = await box.runBeside(["diff", first, "last"]);
  const none = await box.runBeside(["capture", ...pid, "--after-of", "nosuch"]);

  const [capture] = CaptureResult.parse(JSON.parse(again.stdout)).captures;
  assert.ok(capture?.saved, again.stderr);
  assert.equal(capture.comparison?.with, first);
  const manifest = box.manifest(capture.captureId);
  assert.deepEqual([manifest.phase, manifest.afterOf, manifest.profile], ["after", first, "quick"]);
  assert.ok(
    box.read("note.md", capture.captureId).includes("Cannot tell: "),
    "the note says what is different",
  );
  const told = DiffResult.parse(JSON.parse(diff.stdout));
  assert.deepEqual([told.a.captureId, told.b.captureId], [first, capture.captureId]);
  assert.deepEqual(told.differences, []);
  assert.equal(diff.status, told.differs ? 1 : 0);
  assert.match(page.stdout, new RegExp(`^A  ${first}`));
  assert.equal(none.status, 2);
});
