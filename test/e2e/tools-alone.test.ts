// A bundle that was taken from a store opens and verifies with everyday tools alone: nothing of ours is needed to believe
// it. One step for each tool; every step gets the folder as `exhibit fetch` left it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSandbox } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";

// `held` is in the core or nowhere.
const SOURCE = `#include <stdio.h>
#include <unistd.h>
char held[] = "evidence-in-memory";
int main(void) { puts("up"); fflush(stdout); for (;;) pause(); }
`;
const box = openSandbox();
let target: Started;
/** As it was fetched. */
let bundle = "";
let binary = "";

before(async () => {
  const source = join(box.folder, "sick.c");
  binary = join(box.folder, "sick");
  writeFileSync(source, SOURCE);
  execFileSync("gcc", ["-g", "-o", binary, source]);
  target = await start({ after: () => undefined }, [binary]);
  const captured = box.run([
    "capture",
    "--pid",
    String(target.pid),
    "-i",
    "INC-4211",
    "-b",
    "30s",
    "--only",
    "process,core",
  ]);
  assert.equal(captured.status, 0, captured.stderr);
  const id = captured.stdout.trim();
  const output = join(box.folder, "fetched");
  const fetched = box.run(["fetch", id, "-o", output]);
  assert.equal(fetched.status, 0, fetched.stderr);
  bundle = join(output, id);
});
after(async () => {
  if (target) await end(target.child);
  box.remove();
});

/** What a tool printed; it must have been content. */
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: bundle,
    encoding: "utf8",
    maxBuffer: 1024 ** 3,
  });
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout + stderr;
}

test("sha256sum checks every file that SHA256SUMS names, and notices one that was changed", () => {
  const checked = run("sha256sum", "--check", "--strict", "SHA256SUMS");

  assert.match(checked, /evidence\/core\/\S+: OK/);
  assert.doesNotMatch(checked, /FAILED/);
  const note = readFileSync(join(bundle, "note.md"));
  writeFileSync(join(bundle, "note.md"), "changed");
  const wrong = spawnSync("sha256sum", ["--check", "SHA256SUMS"], { cwd: bundle, encoding: "utf8" });
  writeFileSync(join(bundle, "note.md"), note);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, /note\.md: FAILED/);
});

test("unzip opens the zip; what is in it is what lies beside it, and no core is", () => {
  run("unzip", "-tq", "bundle.zip");
  const folder = join(box.folder, "unzipped");
  mkdirSync(folder);
  run("unzip", "-q", "bundle.zip", "-d", folder);

  const inside = join(folder, bundle.split("/").at(-1) ?? "");
  const names = run("unzip", "-Z1", "bundle.zip").trim().split("\n");
  assert.ok(names.length > 3 && !names.some((name) => name.endsWith(".zst")), names.join());
  assert.equal(
    readFileSync(join(inside, "SHA256SUMS"), "utf8"),
    readFileSync(join(bundle, "SHA256SUMS"), "utf8"),
  );
  const checked = spawnSync("sha256sum", ["--check", "--ignore-missing", "--quiet", "SHA256SUMS"], {
    cwd: inside,
  });
  assert.equal(checked.status, 0, String(checked.stdout));
});

test("zstd unpacks the core, and gdb finds in it what the process held", () => {
  const manifest: { files: { path: string; sensitivity: string }[] } = JSON.parse(
    readFileSync(join(bundle, "manifest.json"), "utf8"),
  );
  const packed = manifest.files.find(
    ({ sensitivity, path }) => sensitivity === "core" && path.endsWith(".zst"),
  );
  assert.ok(packed);
  const core = join(box.folder, "core");

  run("zstd", "-q", "-d", packed.path, "-o", core);
  const shown = run("gdb", "--batch", "-nx", "-ex", "print (char *) held", "-ex", "bt", binary, core);

  assert.ok(existsSync(core));
  assert.match(shown, /\$1 = .*"evidence-in-memory"/);
  assert.match(shown, /main \(\) at .*sick\.c/);
});
