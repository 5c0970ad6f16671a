// With --json every command prints one document and nothing else, and it is what the published schema says, to the letter.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { z } from "zod";
import * as bundles from "../../src/commands/results/bundles.ts";
import * as captures from "../../src/commands/results/captures.ts";
import * as setup from "../../src/commands/results/setup.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;
const box = openSandbox("capture: {window: 1500ms}\n");
const demoFolder = mkdtempSync(join(tmpdir(), "exhibit-demo-test-"));
let target: Started;
/** It takes a while, so it runs beside the others. */
let demonstration: ReturnType<typeof box.runBeside>;
before(async () => {
  demonstration = box.runBeside(["demo", "--json"], { env: { XDG_STATE_HOME: demoFolder } });
  target = await start({ after: () => undefined }, NODE);
});
after(async () => {
  await demonstration;
  await end(target.child);
  box.remove();
  rmSync(demoFolder, { recursive: true, force: true });
});

/** Runs a command, and reads what it prints by its schema. */
function printed<Schema extends z.ZodType>(
  schema: Schema,
  args: readonly string[],
  status = 0,
): z.infer<Schema> {
  const result = box.run([args[0] ?? "", "--json", ...args.slice(1)]);
  assert.equal(result.status, status, result.stderr);
  return schema.parse(JSON.parse(result.stdout));
}

const cheap = (...pids: (number | undefined)[]) => [
  ...pids.flatMap((pid) => ["--pid", String(pid)]),
  "--only",
  "process,open-files",
];

test("capture: one, several, and one that could not be captured", async (t) => {
  const other = await start(t, NODE);

  const one = printed(captures.CaptureResult, ["capture", ...cheap(target.pid), "-i", "INC-1"]);
  const two = printed(captures.CaptureResult, ["capture", ...cheap(target.pid, other.pid)]);
  writeFileSync(join(box.folder, "file"), "");
  const none = box.run(["capture", "--json", ...cheap(target.pid)], {
    env: { EXHIBIT_SPOOL_PATH: join(box.folder, "file") },
  });

  const [saved] = one.captures;
  assert.ok(saved?.saved);
  assert.deepEqual(
    [saved.state, saved.upload.state, saved.notes[0]?.state],
    ["complete", "uploaded", "posted"],
  );
  assert.deepEqual(
    two.captures.map((each) => each.saved && box.manifest(each.captureId).target.pid),
    [target.pid, other.pid],
  );
  assert.equal(none.status, 1);
  const [failed] = captures.CaptureResult.parse(JSON.parse(none.stdout)).captures;
  assert.deepEqual([failed?.saved, failed?.saved === false && failed.pid], [false, target.pid]);
});

test("guard: COMMAND ran, could not be run, and ran without evidence", () => {
  const ran = printed(captures.GuardResult, ["guard", ...cheap(target.pid), "--", "sh", "-c", "exit 7"], 7);
  const killed = printed(
    captures.GuardResult,
    ["guard", ...cheap(target.pid), "--", "sh", "-c", "kill -KILL $$"],
    137,
  );
  const missing = printed(
    captures.GuardResult,
    ["guard", ...cheap(target.pid), "--", "no-such-command"],
    127,
  );
  const gone = printed(captures.GuardResult, ["guard", ...cheap(2 ** 22 - 1), "--", "true"]);
  const required = printed(
    captures.GuardResult,
    ["guard", "--require", ...cheap(2 ** 22 - 1), "--", "true"],
    125,
  );

  assert.deepEqual([ran.capture.saved, ran.command.exitCode, ran.command.targetGone], [true, 7, false]);
  assert.deepEqual([killed.command.signal, killed.command.exitCode], ["SIGKILL", undefined]);
  assert.deepEqual(
    [missing.capture.saved, missing.command.notStarted],
    [false, "no-such-command: no such command"],
  );
  assert.deepEqual([gone.capture.saved, gone.command.exitCode], [false, 0]);
  assert.deepEqual([required.command.exitCode, typeof required.command.notStarted], [undefined, "string"]);
});

test("--dry-run: what would run, where it would go, what would follow; nothing is written", () => {
  const ids = box.ids();

  const plan = printed(captures.PlanResult, ["capture", "-n", "--pid", String(target.pid), "-i", "INC-1"]);
  const guard = printed(captures.PlanResult, [
    "guard",
    "-n",
    "--max-pause=0",
    "--no-upload",
    "--no-note",
    `--pid=${target.pid}`,
    "-i",
    "INC-1",
    "--",
    "touch",
    join(box.folder, "never"),
  ]);

  assert.deepEqual(box.ids(), ids);
  assert.equal(plan.plans[0]?.store, box.archive);
  assert.deepEqual(plan.plans[0]?.notes, [
    { incident: "INC-1", record: "file", where: join(box.folder, "incidents") },
  ]);
  const [only] = guard.plans;
  assert.deepEqual([only?.store, only?.notes, only?.command?.[0]], [undefined, [], "touch"]);
  const core = only?.collectors.find(({ name }) => name === "core");
  assert.deepEqual([core?.runs, core?.reason], [false, "would stop the target, and --max-pause is 0"]);
});

test("ls, push, note, show and verify", () => {
  const id = box.run(["capture", ...cheap(target.pid), "-i", "INC-2", "--no-note"]).stdout.trim();

  const ls = printed(bundles.LsResult, ["ls", "-i", "INC-2"]);
  const stored = printed(bundles.LsStoreResult, ["ls", "--store", "default", "-i", "INC-2"]);
  const idle = printed(bundles.PushResult, ["push"]);
  const push = printed(bundles.PushResult, ["push", id]);
  const note = printed(bundles.NoteCommandResult, ["note", id]);
  const dry = printed(bundles.NoteCommandResult, ["note", id, "-n", "--to", "INC-3"]);
  const post = printed(bundles.NoteCommandResult, ["note", id, "--to", "INC-3"]);
  const show = printed(bundles.ShowResult, ["show", id]);
  const intact = printed(bundles.VerifyResult, ["verify", id]);
  writeFileSync(join(box.spool, id, "note.md"), "");
  const changed = printed(bundles.VerifyResult, ["verify", id], 1);

  const { upload, note: noted, state } = ls.bundles[0] ?? {};
  assert.deepEqual([ls.bundles.length, state, upload, noted], [1, "complete", "uploaded", "not-asked"]);
  assert.deepEqual([stored.bundles[0]?.captureId, stored.bundles[0]?.incident], [id, "INC-2"]);
  assert.deepEqual(idle, { pushed: [] });
  assert.deepEqual([push.pushed[0]?.upload.state, push.pushed[0]?.notes], ["present", []]);
  assert.deepEqual([note.notes, note.planned, note.url], [[], undefined, ls.bundles[0]?.url]);
  assert.deepEqual([dry.notes, dry.planned?.[0]?.incident], [[], "INC-3"]);
  assert.equal(post.notes[0]?.state, "posted");
  assert.deepEqual([show.captureId, show.receipt?.notes[0]?.incident], [id, "INC-3"]);
  assert.deepEqual([intact.intact, intact.captureId, intact.faults], [true, id, []]);
  assert.deepEqual([changed.intact, changed.faults.map(({ path }) => path)], [false, ["note.md"]]);
});

test("config, profiles, completion", () => {
  printed(setup.ConfigResult, ["config"]);
  printed(setup.ProfilesResult, ["profiles"]);
  printed(setup.ProfileResult, ["profiles", "show", "deep"]);
  const { shell } = printed(setup.CompletionResult, ["completion", "fish"]);

  assert.equal(shell, "fish");
});

test("demo: a bundle that verifies and a note, in a folder of its own", async () => {
  const result = await demonstration;

  assert.equal(result.status, 0, result.stderr);
  const demo = bundles.DemoResult.parse(JSON.parse(result.stdout));
  assert.ok(demo.folder.startsWith(demoFolder));
  assert.equal(box.run(["verify", demo.path]).status, 0);
});

test("a command that fails prints no document", () => {
  const result = box.run(["show", "nothing", "--json"]);

  assert.deepEqual([result.status, result.stdout], [2, ""]);
});
