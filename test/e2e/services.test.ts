// Real services of other people: each is started, captured, and must answer afterwards.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { openSandbox, stateOf, statusesOf, type CapturedManifest } from "../helpers/exhibit.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox("capture: {window: 1500ms}\n");
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  box.remove();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function start(argv: readonly [string, ...string[]], cwd = box.folder): number {
  const child = spawn(argv[0], argv.slice(1), { stdio: "ignore", cwd });
  children.push(child);
  return child.pid ?? 0;
}

/** The full profile with a budget that a slow machine keeps. */
function capture(pid: number): CapturedManifest {
  const result = box.run(["capture", "--pid", String(pid), "-b", "30s", "--json"]);
  assert.ok([0, 3].includes(result.status ?? -1), result.stderr);
  assert.notEqual(stateOf(pid), "T");
  return box.manifest();
}

function assertTaken(manifest: CapturedManifest, runtime: string): void {
  const explain = JSON.stringify(
    manifest.collectors.map(({ name, status, reason }) => [name, status, reason]),
    undefined,
    1,
  );
  const statuses = statusesOf(manifest);
  for (const name of ["first-look", "process", "sockets", "threads", "host", "open-files", "stacks", "core"])
    assert.equal(statuses[name], "ok", `${name}\n${explain}`);
  assert.equal(manifest.target.runtime.name, runtime);
  const core = manifest.files.find(({ path }) => path === "evidence/core/core.zst");
  assert.ok(core && core.bytes > 10_000 && core.sensitivity === "core" && !core.inZip);
}

test("nginx: a worker is captured while it serves", async () => {
  const port = await freePort();
  const configuration = join(box.folder, "nginx.conf");
  const folder = join(box.folder, "nginx");
  mkdirSync(folder);
  writeFileSync(
    configuration,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}\nhttp { access_log ${folder}/access.log; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;\nserver { listen 127.0.0.1:${port}; location / { return 200 ok; } } }`,
  );
  const master = start(["nginx", "-c", configuration]);
  await until(
    async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.status === 200,
    30_000,
  );
  const worker = Number(readFileSync(`/proc/${master}/task/${master}/children`, "utf8").trim().split(" ")[0]);

  const manifest = capture(worker);

  assertTaken(manifest, "native");
  assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  assert.match(box.read("evidence/sockets/sockets.jsonl"), new RegExp(`127\\.0\\.0\\.1:${port}`));
});

test("redis: goes on as it was, with a core that holds its data", async () => {
  const port = await freePort();
  const pid = start([
    "redis-server",
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--dir",
    box.folder,
  ]);
  await until(async () => {
    const { connect } = await import("node:net");
    return new Promise<boolean>((resolve) =>
      connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false)),
    );
  }, 30_000);

  const manifest = capture(pid);

  assertTaken(manifest, "native");
  assert.ok((manifest.target.threads ?? 0) > 1);
});

test("a JVM: every one of its threads is in the core", async () => {
  const source = join(box.folder, "Idle.java");
  writeFileSync(
    source,
    `public class Idle { public static void main(String[] a) throws Exception { Thread.sleep(600000); } }`,
  );
  const pid = start(["java", "-Xmx64m", source]);
  await until(
    () => (readFileSync(`/proc/${pid}/status`, "utf8").match(/Threads:\s+(\d+)/)?.[1] ?? "0") > "1",
    20_000,
  );
  // The source launcher compiles first: wait until its threads have settled.
  let threads = "";
  await until(async () => {
    const before = threads;
    threads = /Threads:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
    await new Promise((resolve) => setTimeout(resolve, 700));
    return before === threads && before !== "";
  }, 30_000);

  const manifest = capture(pid);

  const statuses = statusesOf(manifest);
  assert.equal(manifest.target.runtime.name, "jvm");
  for (const name of ["process", "sockets", "threads", "open-files", "stacks"])
    assert.equal(statuses[name], "ok", name);
  // Its reserved address space may be larger than --max-pause allows: then the core is skipped with that reason.
  const core = manifest.collectors.find(({ name }) => name === "core");
  assert.ok(
    core?.status === "ok" || (core?.status === "skipped" && /--max-pause|budget/.test(core.reason ?? "")),
    JSON.stringify(core),
  );
});

test("a Python program: named with its version, and captured", async () => {
  const pid = start([
    "python3",
    "-c",
    "import time, threading\nthreading.Thread(target=time.sleep, args=(600,)).start()\ntime.sleep(600)",
  ]);
  await until(() => /Threads:\s+2/.test(readFileSync(`/proc/${pid}/status`, "utf8")), 30_000);

  const manifest = capture(pid);

  assertTaken(manifest, "python");
  assert.match(manifest.target.runtime.version ?? "", /^3\./);
});
