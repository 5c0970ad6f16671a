import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openSandbox, stateOf, statusesOf } from "../helpers/exhibit.ts";
import { start as startCommand } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox("capture: {window: 1500ms}\n");
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  box.remove();
});

function startTarget(program = "setInterval(() => {}, 100); console.log('up')"): Promise<number> {
  const child = spawn(process.execPath, ["--inspect-port=0", "-e", program], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  return new Promise((resolve) => child.stdout.once("data", () => resolve(child.pid ?? 0)));
}

test("guard saves the evidence, then runs COMMAND, tells what became of it, and posts one note", async () => {
  const pid = await startTarget();

  const result = box.run([
    "guard",
    "--pid",
    String(pid),
    "-b",
    "15s",
    "-i",
    "INC-4211",
    "-m",
    "it is slow",
    "--",
    "kill",
    "-KILL",
    String(pid),
  ]);

  assert.equal(result.status, 0, result.stderr);
  const manifest = box.manifest();
  assert.equal(statusesOf(manifest).core, "ok", JSON.stringify(manifest.collectors, undefined, 1));
  assert.equal(statusesOf(manifest).threads, "ok");
  assert.deepEqual(manifest.identityChecks.at(-1), {
    ...manifest.identityChecks.at(-1),
    before: "mitigation",
    same: true,
  });
  assert.deepEqual(manifest.mitigation, { argv: ["kill", "-KILL", String(pid)] });
  assert.ok(box.outcome().targetGone);
  assert.equal(box.outcome().exitCode, 0);
  const note = readFileSync(join(box.folder, "incidents", "INC-4211.md"), "utf8");
  assert.equal(note.split(`<!-- exhibit:${manifest.captureId} -->`).length, 2);
  assert.match(note, /it is slow/);
  const { uploads, notes } = box.receipt();
  assert.equal(uploads.length, 1);
  assert.deepEqual([notes[0]?.state, notes[0]?.withOutcome], ["posted", true]);
});

test("the bundle opens and verifies with sha256sum, unzip, zstd and gdb alone", async () => {
  const manifest = box.manifest();
  const stored = box.receipt().uploads[0]?.url ?? "";
  const folder = stored.replace(/^file:\/\//, "");
  assert.ok(existsSync(join(folder, "manifest.json")), folder);

  const sums = spawnSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
  const unzip = spawnSync("unzip", ["-tqq", "bundle.zip"], { cwd: folder, encoding: "utf8" });
  const members = spawnSync("unzip", ["-Z1", "bundle.zip"], { cwd: folder, encoding: "utf8" })
    .stdout.trim()
    .split("\n");
  const core = join(mkdtempSync(join(box.folder, "core-")), "core");
  const zstd = spawnSync("zstd", ["-dq", "evidence/core/core.zst", "-o", core], {
    cwd: folder,
    encoding: "utf8",
  });
  const gdb = spawnSync(
    "gdb",
    [
      "-nx",
      "--batch",
      "-iex",
      "set debuginfod enabled off",
      "-ex",
      "info threads",
      manifest.target.executable ?? "",
      core,
    ],
    { encoding: "utf8" },
  );

  assert.deepEqual(
    [sums.status, unzip.status, zstd.status],
    [0, 0, 0],
    sums.stdout + unzip.stderr + zstd.stderr,
  );
  assert.ok(members.every((name) => /^[A-Za-z0-9._/-]+$/.test(name)));
  assert.ok(
    members.every((name) => !name.includes("core.zst")),
    "a core is never in the zip",
  );
  assert.deepEqual(
    members.map((name) => name.replace(`${manifest.captureId}/`, "")).toSorted(),
    manifest.files
      .filter(({ inZip }) => inZip)
      .map(({ path }) => path)
      .toSorted(),
  );
  const threads = gdb.stdout.split("\n").filter((line) => /^\*? +\d+ +(?:Thread|LWP)/.test(line)).length;
  assert.equal(threads, JSON.parse(box.read("evidence/core/core.json")).threads, gdb.stdout);
});

test("guard's exit status is COMMAND's: 7, 128+9, 127 and 126 for one that cannot be run", async () => {
  const pid = await startTarget();
  const guard = (command: string[]) =>
    box.run(["guard", "--pid", String(pid), "-p", "quick", "-b", "2s", "--", ...command]).status;
  const before = box.ids().length;
  const plain = join(box.folder, "not-executable");
  writeFileSync(plain, "x", { mode: 0o644 });

  assert.deepEqual([guard(["exhibit-no-such-command"]), guard([plain])], [127, 126]);
  assert.equal(box.ids().length, before, "nothing was captured for a COMMAND that cannot be run");
  assert.deepEqual([guard(["sh", "-c", "exit 7"]), guard(["sh", "-c", "kill -9 $$"])], [7, 137]);
  assert.deepEqual([stateOf(pid)], ["S"]);
});

test("a target that was never there is said loudly, and COMMAND runs all the same, long before the budget is used", () => {
  const marker = join(box.folder, "ran-without-target");
  const start = performance.now();

  const result = box.run(["guard", "--pid", "4194303", "--", "touch", marker]);

  assert.equal(result.status, 0);
  assert.ok(existsSync(marker));
  assert.match(result.stderr, /NOTHING WAS SAVED/);
  assert.ok(performance.now() - start < 10_000);
});

test("--require keeps COMMAND from running when evidence is missing, with exit status 125", async () => {
  const pid = await startTarget();
  const marker = join(box.folder, "ran-unproven");

  const gone = box.run(["guard", "--pid", "4194303", "--require", "--", "touch", marker]);
  const missing = box.run([
    "guard",
    "--pid",
    String(pid),
    "--require=core",
    "--max-pause",
    "0",
    "-b",
    "2s",
    "--",
    "touch",
    marker,
  ]);

  assert.deepEqual([gone.status, missing.status], [125, 125]);
  assert.ok(!existsSync(marker));
  assert.match(missing.stderr, /COMMAND was not run: --require: not complete: core/);
  assert.match(box.outcome().notStarted ?? "", /core/);
});

test("wrong words end with 125 and run nothing", () => {
  const marker = join(box.folder, "ran-wrongly");

  const wrong = [
    ["guard", "--pid", "1", "--budget", "soon", "--", "touch", marker],
    ["guard", "--pid", "1", "--no-such-flag", "--", "touch", marker],
    ["guard", "--pid", "x", "--", "touch", marker],
    ["guard", "--", "touch", marker],
    ["guard", "--pid", "1", "--only", "corre", "--", "touch", marker],
    ["guard", "--pid", "1"],
  ].map((words) => box.run(words).status);

  assert.deepEqual(wrong, [125, 125, 125, 125, 125, 125]);
  assert.ok(!existsSync(marker));
});

test("SIGINT and SIGTERM stop the capture, seal what there is, and do not run COMMAND", async () => {
  const pid = await startTarget();
  const marker = join(box.folder, "ran-after-signal");
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const before = box.ids().length;
    const guard = box.start([
      "guard",
      "--pid",
      String(pid),
      "-p",
      "quick",
      "-b",
      "30s",
      "--",
      "touch",
      marker,
    ]);
    const ended = new Promise((resolve) => guard.once("exit", resolve));
    await until(() => box.ids().length > before, 30_000);

    guard.kill(signal);

    assert.equal(await ended, status, guard.output());
    assert.ok(!existsSync(marker));
    assert.equal(box.run(["verify", box.ids().at(-1) ?? ""]).status, 0);
    assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  }
});

test("COMMAND has the terminal: its stdin, stdout and stderr are its own", async () => {
  const pid = await startTarget();

  const result = box.run(
    [
      "guard",
      "--pid",
      String(pid),
      "--only",
      "process,open-files",
      "-b",
      "10s",
      "--quiet",
      "--",
      "sh",
      "-c",
      "cat; echo err >&2",
    ],
    { input: "from stdin" },
  );

  assert.deepEqual([result.stdout, result.stderr, result.status], ["from stdin", "err\n", 0]);
});

test("COMMAND inherits our environment and priority, and nothing of the capture", async () => {
  const pid = await startTarget();

  const result = box.run(
    ["guard", "--pid", String(pid), "-p", "quick", "-b", "2s", "--quiet", "--", "sh", "-c", "nice; env"],
    { env: { CANARY: "kept" } },
  );

  const [nice, ...environment] = result.stdout.split("\n");
  assert.equal(nice, "0");
  assert.ok(environment.includes("CANARY=kept"));
  assert.ok(!environment.some((line) => line.startsWith("EXHIBIT_RUN=")));
});

test("a capture that is complete has exit status 0, one that lacks something 3", async () => {
  const pid = await startTarget();

  const complete = box.run(["capture", "--pid", String(pid), "-p", "quick", "-b", "10s", "--json"]);
  const partial = box.run([
    "capture",
    "--pid",
    String(pid),
    "-b",
    "1s",
    "--only",
    "threads,gcore",
    "--max-pause",
    "1ms",
    "--json",
  ]);

  assert.equal(complete.status, 0, complete.stdout + complete.stderr);
  assert.equal(JSON.parse(complete.stdout).captures[0].state, "complete");
  assert.equal(partial.status, 3, partial.stdout + partial.stderr);
  assert.equal(JSON.parse(partial.stdout).captures[0].state, "partial");
});

test("what was asked for by name and is unsupported here is missing: partial, exit status 3", async (t) => {
  // No runtime that could be looked into.
  const { pid } = await startCommand(t, ["sleep", "300"], { silent: true });

  const asked = box.run(["capture", "--pid", String(pid), "--only", "nhttpsnoop,sockets", "-b", "10s"]);

  assert.equal(asked.status, 3, asked.stderr);
  assert.deepEqual(
    [box.manifest().state, statusesOf(box.manifest()).runtime, statusesOf(box.manifest()).sockets],
    ["partial", "unsupported", "ok"],
  );
});

test("a second capture of the same process is refused while the first runs, and the first is not disturbed", async () => {
  const pid = await startTarget();
  const before = box.ids().length;
  const first = box.start(["capture", "--pid", String(pid), "-p", "quick", "-b", "10s"]);
  const ended = new Promise((resolve) => first.once("exit", resolve));
  await until(() => box.ids().length > before, 30_000);
  await until(() => existsSync(join(box.spool, ".locks")), 30_000);
  await until(
    () =>
      /threads|host/.test(
        spawnSync("ls", [join(box.spool, box.ids().at(-1) ?? "", "evidence")], { encoding: "utf8" }).stdout,
      ),
    30_000,
  );

  const second = box.run(["capture", "--pid", String(pid), "-p", "quick", "-b", "10s"]);

  assert.equal(second.status, 1);
  assert.match(second.stderr, /another capture of process \d+ is under way/);
  assert.equal(await ended, 0, first.output());
  assert.equal(box.ids().length, before + 1);
});

test("--dry-run runs nothing and writes nothing", async () => {
  const pid = await startTarget();
  const before = box.ids().length;

  const result = box.run([
    "guard",
    "--pid",
    String(pid),
    "--dry-run",
    "--",
    "touch",
    join(tmpdir(), "exhibit-never"),
  ]);

  assert.equal(result.status, 0, result.stderr);
  assert.match(result.stdout, /core .*gcore .*stop/);
  assert.equal(box.ids().length, before);
  assert.ok(!existsSync(join(tmpdir(), "exhibit-never")));
});
