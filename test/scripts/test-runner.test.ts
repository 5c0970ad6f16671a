// Slow: every test is a whole run.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "exhibit-runner-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** Runs scripts/test.mjs --quick in a project of its own with these test files. */
function runTests(files: Readonly<Record<string, string>>, flags: readonly string[] = []) {
  const root = join(folder, String(++count));
  mkdirSync(join(root, "scripts"), { recursive: true });
  mkdirSync(join(root, "test"));
  for (const name of ["test.mjs", "test-plan.ts", "test-results.ts"])
    copyFileSync(join("scripts", name), join(root, "scripts", name));
  symlinkSync(resolve("node_modules"), join(root, "node_modules"));
  writeFileSync(join(root, "package.json"), '{"type": "module"}');
  writeFileSync(join(root, "scripts/build.mjs"), "");
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(dirname(join(root, "test", path)), { recursive: true });
    const text = `import { test } from "node:test";\nimport assert from "node:assert/strict";\n${body}\n`;
    writeFileSync(join(root, "test", path), body.startsWith("//") ? `${body.split("\n")[0]}\n${text}` : text);
  }
  const args = ["--import", "tsx", "--enable-source-maps", "scripts/test.mjs", "--quick", ...flags];
  return spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
}

const GOOD = 'test("good", () => assert.ok(true));';
const BAD = 'test("bad", () => assert.ok(false));';

test("all files run and the runner's own last lines stand at the end", () => {
  const { status, stdout } = runTests({ "a.test.ts": GOOD, "deep/er/b.test.ts": GOOD });

  assert.equal(status, 0);
  assert.match(
    stdout,
    /ℹ tests 2\n[^]*ℹ pass 2\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms [\d.]+\s*$/,
  );
});

test("a test that fails runs again, alone, and fails the run; both times and the true sum stand at the end", () => {
  const { status, stdout, stderr } = runTests({ "a.test.ts": GOOD, "b.test.ts": `${GOOD}\n${BAD}` });

  assert.equal(status, 1);
  assert.match(stdout, /✖ failing tests:\n\ntest at test\/b\.test\.ts:4:1\n/);
  assert.match(stdout, /ℹ tests 3\n[^]*ℹ pass 2\nℹ fail 1\n[^]*duration_ms [\d.]+\s*$/);
  assert.match(
    stderr,
    /^failed: test\/b\.test\.ts failed \(.*:4 bad\) and failed when it ran again, alone \(.*:4 bad\)$/m,
  );
});

test("a test that fails once only passes the run, and is called flaky", () => {
  const once = 'import { existsSync, writeFileSync } from "node:fs";\n';
  const body = `${once}test("bad once", () => { const seen = existsSync("seen"); writeFileSync("seen", ""); assert.ok(seen); });`;

  const { status, stdout, stderr } = runTests({ "a.test.ts": GOOD, "b.test.ts": body });

  assert.equal(status, 0);
  assert.match(stdout, /ℹ tests 2\n[^]*ℹ pass 2\nℹ fail 0\n[^]*duration_ms [\d.]+\s*$/);
  assert.match(
    stderr,
    /^flaky: test\/b\.test\.ts failed \(.*bad once\) and passed when it ran again, alone$/m,
  );
});

test("a file that ends its process quietly hides nobody, and fails the run", () => {
  // Not as the rules would see it: it shares its process with its neighbour.
  const ends = 'test("ends", () => { process["exit"](0); });';
  const files = Object.fromEntries(
    "abcdefgh".split("").map((name) => [`${name}.test.ts`, name === "a" ? ends : GOOD]),
  );

  const { status, stdout, stderr } = runTests(files);

  assert.equal(status, 1);
  assert.match(stdout, /2 test files run again, each alone: test\/a\.test\.ts test\/b\.test\.ts\n/);
  assert.match(stdout, /ℹ pass 7\n[^]*duration_ms [\d.]+\s*$/);
  assert.match(stderr, /^failed: test\/a\.test\.ts failed \(it ran no test that it defines\) and failed/m);
  assert.match(stderr, /^flaky: test\/b\.test\.ts failed \(it ran no test that it defines\) and passed/m);
});

test("a file that never ends is ended, named, and holds up nobody", () => {
  const stays = '// Alone: it stays.\ntest("stays", () => { setInterval(() => undefined, 1000); });';
  const files = { "a.test.ts": stays, "b.test.ts": GOOD };

  const { status, stdout, stderr } = runTests(files, ["--file-limit=3"]);

  assert.equal(status, 1);
  assert.match(stdout, /✔ good/);
  assert.match(
    stderr,
    /^failed: test\/a\.test\.ts failed \(its process ended with our kill: it did not end by itself \(.*3000ms\)\)/m,
  );
});

for (const [what, body] of [
  ["skipped", 'test("x", { skip: true }, () => undefined);'],
  ["to do", 'test.todo("x");'],
] as const)
  test(`a test that is ${what} fails the run, however green the rest`, () => {
    const { status, stderr } = runTests({ "a.test.ts": `${GOOD}\n${body}` });

    assert.equal(status, 1);
    assert.match(stderr, /test: a skipped or unfinished test is no passed test/);
  });

test("a run of nothing fails", () => {
  const { status, stderr } = runTests({ "a.spec.ts": GOOD });

  assert.equal(status, 1);
  assert.match(stderr, /test: no test files were found/);
});

test("quick leaves out test/e2e and what says that it needs a server", () => {
  const { status, stdout } = runTests({
    "a.test.ts": GOOD,
    "e2e/b.test.ts": BAD,
    "upload/c.test.ts": `// Needs: radosgw\n${BAD}`,
  });

  assert.equal(status, 0);
  assert.match(stdout, /ℹ tests 1\n/);
});
