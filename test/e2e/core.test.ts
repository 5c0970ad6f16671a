// Needs: gcc gdb
// Cores as a person gets them: by the built program, on a process that serves a port.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { compile, startCoreTarget } from "../helpers/core-target.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";

const box = openSandbox("capture: {window: 1500ms}\n");
after(() => box.remove());

/** Memory that does not compress, so that its core takes a while, and a word to find in it. */
const SERVICE = `
  const { randomBytes } = require("node:crypto");
  const word = ["planted", process.pid, "heap"].join("-");
  const kept = Array.from({ length: 150 }, () => randomBytes(1 << 20));
  const objects = Array.from({ length: 50000 }, (_, id) => ({ id, word: [word, id].join("-") }));
  require("node:http").createServer((_, r) => r.end(String(kept.length + objects.length)))
    .listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

const coreRecord = (id?: string) => box.manifest(id).collectors.find(({ name }) => name === "core");
const facts = (id?: string) => JSON.parse(box.read("evidence/core/core.json", id));

async function startService(t: Parameters<typeof start>[0]) {
  const { pid, child } = await start(t, [process.execPath, "-e", SERVICE]);
  assert.ok(child.stdout);
  return { pid, port: String(child.stdout.read()).trim() };
}

/** By another program than ours. */
const buildIdOf = (file: string) =>
  /Build ID: ([0-9a-f]+)/.exec(execFileSync("readelf", ["-n", file], { encoding: "utf8" }))?.[1];

test("COMMAND ends the service and binds its port while the core is still being written, and the core is whole", async (t) => {
  const { pid, port } = await startService(t);
  const bound = join(box.folder, "bound");
  const restart = `
    process.kill(${pid}, "SIGKILL");
    const begun = Date.now();
    const bind = () => require("node:net").createServer().once("error", () => setTimeout(bind, 5))
      .listen(${port}, "127.0.0.1", () => {
        require("node:fs").writeFileSync(${JSON.stringify(bound)}, String(Date.now()));
        process.exit(0);
      });
    bind();
    setTimeout(() => process.exit(9), 10000);
  `;

  const guard = ["guard", "--pid", String(pid), "--only", "core", "--require=core", "-b", "30s"];
  const guarded = box.run([...guard, "--", process.execPath, "-e", restart]);

  assert.equal(guarded.status, 0, guarded.stderr);
  assert.ok(existsSync(bound));
  assert.match(guarded.stderr, /^exhibit: the core was complete and checked at \d\d:\d\d:\d\dZ$/m);
  const record = coreRecord();
  assert.equal(record?.status, "ok", record?.reason);
  assert.equal(record?.method, "snapshot");
  const { complete, problems, survivesRestart, pauseMs } = facts();
  assert.deepEqual(
    { complete, problems, survivesRestart },
    { complete: true, problems: [], survivesRestart: true },
  );
  assert.equal(record?.observedPauseMs, Math.ceil(pauseMs));
  assert.ok((record?.observedPauseMs ?? Infinity) < 5000);
  const commandAt = Date.parse(box.outcome().startedAt ?? "");
  assert.ok(commandAt < Date.parse(record?.endedAt ?? ""), "COMMAND started before the core was whole");
  const core = join(box.spool, box.ids().at(-1) ?? "", "evidence/core/core.zst");
  const { stdout } = spawnSync("zstd", ["-dc", core], { maxBuffer: 2 ** 31 });
  assert.ok(stdout.includes(`planted-${pid}-heap-7`));
  assert.equal(box.run(["verify", "last"]).status, 0);
  assert.match(
    box.run(["show", "last"]).stdout,
    /zstd -d --sparse \S+core\.zst -o core\n +gdb \S+node core\n +llnode/,
  );
});

test("the lines that show prints open the core in gdb, with the names of every thread's functions", async (t) => {
  const { program, remove } = compile("target");
  t.after(remove);
  const target = await startCoreTarget(program);
  t.after(target.end);
  const buildId = buildIdOf(program) ?? "";
  const shown = () => {
    const done = box.run(["capture", "--pid", String(target.pid), "--only", "core", "-b", "30s"]);
    assert.equal(done.status, 0, done.stderr);
    const lines: string[] = JSON.parse(box.run(["show", "last", "--json"]).stdout).openCore;
    return lines;
  };

  const lines = shown();
  // Where the executable is replaced, its path leads to another one.
  cpSync(program, `${program}.old`);
  rmSync(program);
  cpSync(process.execPath, program);
  const replaced = shown();

  const looks = "-nx --batch -iex 'set debuginfod enabled off' -ex 'thread apply all bt'";
  const script = `${lines.join("\n").replace(program, `${program}.old`)} ${looks}`;
  const { stdout } = spawnSync("sh", ["-c", script], { cwd: box.folder, encoding: "utf8" });
  assert.equal(stdout.match(/^Thread \d+ /gm)?.length, 8, stdout);
  for (const name of ["main", "beat", "count", "hold_registers", "wait_for_input"])
    assert.match(stdout, new RegExp(` ${name} \\(`));
  assert.equal(lines.length, 2);
  const libc = "/lib/x86_64-linux-gnu/libc.so.6";
  const modules: { path: string; buildId: string }[] = facts().modules;
  if (existsSync(libc))
    assert.equal(modules.find(({ path }) => path.endsWith("/libc.so.6"))?.buildId, buildIdOf(libc));
  assert.equal(
    replaced[1],
    `# the executable was deleted or replaced while it ran: name the one with build id ${buildId} in its place`,
  );
});

test("without koffi the core is taken by gdb, and the manifest says why", async (t) => {
  const { pid } = await startService(t);
  const alone = join(box.folder, "alone");
  mkdirSync(alone);
  cpSync(new URL("../../dist", import.meta.url), join(alone, "dist"), { recursive: true });
  writeFileSync(join(alone, "package.json"), '{"type":"module"}');

  const settings = [
    "--config",
    box.settings,
    "--pid",
    String(pid),
    "--only",
    "core",
    "-b",
    "60s",
    "--max-pause",
    "60s",
  ];
  const done = spawnSync(process.execPath, [join(alone, "dist/cli.js"), "capture", ...settings], {
    encoding: "utf8",
    cwd: alone,
  });

  assert.equal(done.status, 0, done.stderr);
  assert.equal(coreRecord()?.method, "gdb");
  const reason = "the package koffi is not installed, which calls ptrace(2)";
  assert.deepEqual(facts().instead, [
    { method: "snapshot", reason },
    { method: "stop", reason },
  ]);
});

test("without zstd the core of a snapshot is kept by gzip", async (t) => {
  const { pid } = await startService(t);
  const tools = join(box.folder, "tools");
  mkdirSync(tools);
  for (const tool of ["sh", "flock", "sleep", "kill", "tr", "grep", "gdb"])
    symlinkSync(execFileSync("which", [tool], { encoding: "utf8" }).trim(), join(tools, tool));
  const dist = dirname(createRequire(import.meta.url).resolve("../../dist/cli.js"));
  const settings = ["--config", box.settings, "--pid", String(pid), "--only", "core", "-b", "60s"];

  // The usual system folders are searched as well; a name of ours hides what is there.
  const done = spawnSync(process.execPath, [join(dist, "cli.js"), "capture", ...settings], {
    encoding: "utf8",
    env: { PATH: tools, HOME: "/root" },
  });

  assert.equal(done.status, 0, done.stderr);
  const record = coreRecord();
  assert.deepEqual([record?.status, record?.method], ["ok", "snapshot"]);
  assert.ok(existsSync(join(box.spool, box.ids().at(-1) ?? "", "evidence/core/core.gz")));
});

test("a pause that is not allowed is not begun, and each way says why it was not taken", async (t) => {
  const { pid } = await startService(t);

  const done = box.run([
    "capture",
    "--pid",
    String(pid),
    "--only",
    "core",
    "-b",
    "20s",
    "--max-pause",
    "25ms",
  ]);

  assert.notEqual(done.status, 0);
  assert.match(coreRecord()?.reason ?? "", /would stop the target for about/);
  assert.equal(box.manifest().pausedMs, 0);
});

test("a store that is down costs a core nothing: it is whole on this host, and its upload waits", async (t) => {
  const far = `, far: {type: s3, url: 's3://evidence/x', region: us-east-1, endpoint: 'http://127.0.0.1:1'}`;
  const apart = openSandbox("", far);
  t.after(() => apart.remove());
  const { pid, port } = await startService(t);
  const env = { ...process.env, AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "secret" };

  const { status, stderr } = await apart.runBeside(
    ["capture", "--pid", String(pid), "--only", "core", "--to", "far", "-b", "20s"],
    { env },
  );

  assert.equal(status, 4, stderr);
  const record = apart.manifest().collectors.find(({ name }) => name === "core");
  assert.deepEqual([record?.status, record?.method], ["ok", "snapshot"], record?.reason);
  assert.equal(apart.run(["verify", "last"]).status, 0);
  assert.match(stderr, /send what waits with: exhibit push/);
  assert.ok((await fetch(`http://127.0.0.1:${port}/`)).ok, "the service answers as before");
});
