// The flags of capture, as people combine them: which processes, which collectors, how much, and where to.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSandbox, statusesOf } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;
const box = openSandbox("capture: {window: 1500ms}\n");
let target: Started;
before(async () => {
  target = await start({ after: () => undefined }, NODE);
});
after(async () => {
  await end(target.child);
  box.remove();
});

const capture = (...flags: string[]) =>
  box.runBeside(["capture", "--pid", String(target.pid), "-b", "20s", ...flags]);

test("a pid that is named twice is captured once; two pids leave a bundle each, and both ids are printed", async (t) => {
  const other = await start(t, NODE);
  const earlier = new Set(box.ids());

  const result = await capture("--pid", String(other.pid), "--pid", String(target.pid), "--only", "process");

  assert.equal(result.status, 0, result.stderr);
  const ids = box.ids().filter((id) => !earlier.has(id));
  assert.deepEqual(new Set(result.stdout.trim().split("\n")), new Set(ids));
  assert.deepEqual(new Set(ids.map((id) => box.manifest(id).target.pid)), new Set([target.pid, other.pid]));
});

test("more than 8 processes that match are captured only with --yes; without a terminal nobody is asked", async (t) => {
  const marker = `exhibit-many-${process.pid}`;
  const script = `echo up; exec -a ${marker} sleep 300`;
  for (let one = 0; one < 9; one++) await start(t, ["bash", "-c", script]);
  const earlier = box.ids().length;
  const words = ["capture", "--match", `^${marker} 300$`, "--only", "process", "-b", "20s"];

  const refused = await box.runBeside([...words, "--no-input"]);
  const left = box.ids().length;
  const plan = await box.runBeside([...words, "--yes", "--dry-run", "--json"]);
  const taken = await box.runBeside([...words, "--yes", "--no-upload"]);

  assert.equal(refused.status, 2, refused.stdout);
  assert.match(refused.stderr, /9 processes match\n.*--yes/);
  assert.equal(left, earlier);
  assert.equal(JSON.parse(plan.stdout).plans.length, 9);
  assert.equal(taken.status, 0, taken.stderr);
  assert.equal(box.ids().length, earlier + 9);
});

test("--only takes the tools' names, --skip and --core none leave out, and nothing is called missing", async () => {
  const only = await capture("--only", "prstat,gcore");
  const tools = box.manifest();
  const skip = await capture(
    "-p",
    "deep",
    "--core",
    "none",
    "--skip",
    "pstack,sockets",
    "--max-pause",
    "0",
    "-b",
    "5s",
  );
  const skipped = box.manifest();

  assert.ok(only.status === 0 || only.status === 3, only.stderr);
  assert.deepEqual(Object.keys(statusesOf(tools)).toSorted(), ["core", "first-look", "threads"]);
  assert.doesNotMatch(skip.stderr, /--max-pause/);
  assert.deepEqual([skipped.profile, skipped.pausedMs], ["deep", 0]);
  assert.notEqual(statusesOf(skipped)["open-files"], "skipped");
  for (const name of ["core", "stacks", "sockets"]) assert.equal(statusesOf(skipped)[name], undefined);
});

test("the quick profile stops nothing, and ends within its budget", async () => {
  const result = await capture("-p", "quick", "-b", "10s");

  const manifest = box.manifest();
  // A loaded host may leave a sampler without its second look.
  assert.ok(result.status === 0 || result.status === 3, result.stderr);
  assert.deepEqual([manifest.profile, manifest.pausedMs], ["quick", 0]);
  assert.ok(manifest.durationMs < 10_000, String(manifest.durationMs));
  assert.ok(!("core" in statusesOf(manifest)) && !("stacks" in statusesOf(manifest)));
});

test("--max-size keeps a bundle small: what does not fit is skipped, with the reason, and the exit status is 3", async () => {
  const result = await capture("--max-size", "10K");

  const { state, collectors, files } = box.manifest();
  assert.deepEqual([result.status, state], [3, "partial"], result.stderr);
  const core = collectors.find(({ name }) => name === "core");
  assert.equal(core?.status, "skipped");
  assert.match(core?.reason ?? "", /^needs about .* MiB; 10 KiB may be written \(--max-size, /);
  assert.ok(files.some(({ path }) => path === "evidence/first-look/proc.jsonl"));
});

test("flags that mean nothing are refused before anything is captured, with what would do", async () => {
  const earlier = box.ids();
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["-p", "quikc", /no profile is called quikc\n.*before-restart, deep, quick/],
    ["--only", "prstatt", /unknown collector prstatt\n.*prstat/],
    ["--skip", "nothing", /unknown collector nothing/],
    ["--core", "fast", /auto, snapshot, stop, gdb, none/],
    ["--to", "nowhere", /no store is called nowhere\n.*default/],
    ["--max-size", "10X", /--max-size 10X: expected a size such as 20G/],
    ["--budget", "1h", /--budget 1h: expected 1s to 30m/],
    ["--max-pause", "soon", /--max-pause soon: expected a duration such as 30s/],
  ];

  const results = await Promise.all(wrong.map(([flag, value]) => capture(flag, value)));

  for (const [index, { status, stdout, stderr }] of results.entries()) {
    assert.deepEqual([status, stdout], [2, ""], stderr);
    assert.match(stderr, wrong[index]?.[2] ?? /^$/);
  }
  assert.deepEqual(box.ids(), earlier);
});

test("--to another store of the settings sends there, and push remembers it", async (t) => {
  const own = openSandbox();
  t.after(() => own.remove());
  const second = join(own.folder, "second");
  const settings = readFileSync(own.settings, "utf8");
  const named = settings.replace("store: {", `store: {second: {type: directory, path: ${second}}, `);
  writeFileSync(own.settings, named, { mode: 0o600 });

  const result = await own.runBeside(["capture", `--pid=${target.pid}`, "--only=process", "--to=second"]);
  const again = await own.runBeside(["push", "last"]);

  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual([existsSync(second), existsSync(own.archive)], [true, false]);
  assert.match(again.stderr, new RegExp(`already there {2}${second}/`));
});
