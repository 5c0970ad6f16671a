import assert from "node:assert/strict";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { test, type TestContext } from "node:test";
import { openProcess, type HeldProcess } from "../../src/host/process-files.ts";
import { detectRuntime } from "../../src/target/runtime.ts";
import { runtimeVersion } from "../../src/target/runtime-version.ts";
import { readBelowRoot } from "../../src/target/root-file.ts";
import { asAnotherUser } from "../helpers/another-user.ts";
import { start } from "../helpers/started.ts";

function hold(t: TestContext, pid: number): HeldProcess {
  const held = openProcess(pid);
  t.after(held.close);
  return held;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-runtime-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A program in Go that is here anyway: esbuild, with its service waiting on stdin. */
function goProgram(): readonly [string, ...string[]] {
  const require = createRequire(createRequire(import.meta.url).resolve("esbuild"));
  return [
    require.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`),
    "--service=0",
    "--ping",
  ];
}

test("Node is recognised, with its version, also under another name", async (t) => {
  const renamed = join(folderOf(t), "muskie");
  linkOrCopy(process.execPath, renamed);
  const { pid } = await start(t, [renamed, "-e", "console.log(1); setInterval(() => {}, 1e6)"]);
  const held = hold(t, pid);

  assert.deepEqual(detectRuntime(held), { name: "node" });
  assert.equal(runtimeVersion(held, "node"), process.versions.node);
});

test("another program that calls itself node is native", async (t) => {
  const path = join(folderOf(t), "node");
  copyFileSync("/bin/sleep", path);
  const { pid } = await start(t, [path, "1000"], { silent: true });
  const held = hold(t, pid);

  assert.deepEqual(detectRuntime(held), { name: "native" });
  assert.equal(runtimeVersion(held, "node"), undefined);
});

test("Go is recognised even where its build information was stripped, and its version is then unknown", async (t) => {
  const { pid } = await start(t, goProgram(), { silent: true });
  const held = hold(t, pid);

  assert.deepEqual(detectRuntime(held), { name: "go" });
  assert.equal(runtimeVersion(held, "go"), undefined);
});

test("Python is recognised by the program that really runs", async (t) => {
  const script = "import sys, time; print('%d.%d' % sys.version_info[:2], flush=True); time.sleep(1000)";
  const { pid, child } = await start(t, ["python3", "-c", script]);
  const version = String(child.stdout?.read()).trim();

  assert.deepEqual(detectRuntime(hold(t, pid)), { name: "python", version });
});

/** A process that has mapped a library of this name, which is a copy of another. */
async function withLibrary(t: TestContext, library: string): Promise<HeldProcess> {
  const real = /\S+\/libm\.so\S*/.exec(readFileSync("/proc/self/maps", "latin1"))?.[0];
  assert.ok(real);
  mkdirSync(dirname(library), { recursive: true });
  copyFileSync(real, library);
  const { pid } = await start(t, ["env", `LD_PRELOAD=${library}`, "sh", "-c", "echo up; read x"]);
  return hold(t, pid);
}

test("a program with a JVM in it is one, and the version comes from the release file of its home", async (t) => {
  const home = folderOf(t);
  writeFileSync(join(home, "release"), 'IMPLEMENTOR="x"\nJAVA_VERSION="17.0.15"\n');

  const held = await withLibrary(t, join(home, "lib/server/libjvm.so"));

  assert.deepEqual(detectRuntime(held), { name: "jvm" });
  assert.equal(runtimeVersion(held, "jvm"), "17.0.15");
});

test("a JVM without a release file, or with a link in its place, has no known version", async (t) => {
  const home = folderOf(t);
  symlinkSync("/etc/os-release", join(home, "release"));

  const held = await withLibrary(t, join(home, "lib/server/libjvm.so"));

  assert.equal(runtimeVersion(held, "jvm"), undefined);
});

test("a program with Python or Node in it is recognised by the library", async (t) => {
  const python = await withLibrary(t, join(folderOf(t), "libpython3.11.so.1.0"));
  const node = await withLibrary(t, join(folderOf(t), "libnode.so.115"));

  assert.deepEqual(detectRuntime(python), { name: "python", version: "3.11" });
  assert.deepEqual(detectRuntime(node), { name: "node" });
});

test("a process that may not be looked at has no known runtime", (t) => {
  const held = hold(t, 1);

  assert.deepEqual(
    asAnotherUser(() => detectRuntime(held)),
    { name: "unknown" },
  );
});

test("a file below the target's root is not read through a link on the way", async (t) => {
  const folder = folderOf(t);
  mkdirSync(join(folder, "real"));
  writeFileSync(join(folder, "real/release"), "text");
  symlinkSync("real", join(folder, "link"));
  symlinkSync("release", join(folder, "real/alias"));
  const held = hold(t, process.pid);

  assert.equal(readBelowRoot(held, join(folder, "real/release"), 100).toString(), "text");
  assert.throws(() => readBelowRoot(held, join(folder, "link/release"), 100), { code: /^(ELOOP|ENOTDIR)$/ });
  assert.throws(() => readBelowRoot(held, join(folder, "real/alias"), 100), { code: /ELOOP/ });
  assert.throws(() => readBelowRoot(held, `${folder}/real/../real/release`, 100), { code: "EINVAL" });
});

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
