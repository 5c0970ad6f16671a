import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isAlone, isSlow, planGroups, writeGroups } from "../../scripts/test-plan.ts";

const withLine = (line: string) => ({ path: "test/a.test.ts", text: `import x from "y";\n${line}\n` });
const plain = (path: string) => ({ path: `test/${path}`, text: 'test("x", () => undefined);\n' });

test("end to end, with a server, or long, a file is not quick, and alone", () => {
  for (const file of [
    plain("e2e/a.test.ts"),
    { path: "test/a.test.ts", text: "// Needs: radosgw\n" },
    { path: "test/a.test.ts", text: "// What it is.\n// Slow: kills by the hundred\n" },
  ])
    assert.deepEqual([isSlow(file), isAlone(file)], [true, true], file.text);
  assert.deepEqual([isSlow(plain("a.test.ts")), isAlone(plain("a.test.ts"))], [false, false]);
});

test("what changes its process is alone, and what only reads it is not", () => {
  // In pieces: this file itself is read for such words.
  const [env, own, all, mock] = ["process.env", "process", "globalThis", "mock"];
  const [before, afterEach] = ["before", "afterEach"];
  for (const line of [
    `${env}.PATH = folder;`,
    `  ${env}["PATH"] = folder;`,
    `delete ${env}.PATH;`,
    `${own}.chdir(folder);`,
    `${own}.exit(1);`,
    `${own}.once("SIGTERM", stop);`,
    `${all}.Date = Later;`,
    `t.${mock}.timers.enable();`,
    `${before}(async () => undefined);`,
    `${afterEach}(() => undefined);`,
    "// Alone: it counts the files that this process holds.",
  ])
    assert.equal(isAlone(withLine(line)), true, line);
  for (const line of [
    `const path = ${env}.PATH ?? "";`,
    `if (${env}.PATH === "") return;`,
    `spawn("x", { env: { ...${env}, PATH: "" } });`,
    "after(() => rmSync(folder));",
    "  before(work);",
  ])
    assert.equal(isAlone(withLine(line)), false, line);
});

test("what only looks like it says so, and shares a process", () => {
  const env = "process.env";
  const line = `${env}.PATH = folder;`;

  assert.equal(
    isAlone({ path: "test/a.test.ts", text: `// Together: each test puts PATH back.\n${line}\n` }),
    false,
  );
});

test("files that share processes stay beside their neighbours, and groups take equally long", () => {
  const before = Array.from({ length: 30 }, (_, index) => plain(`commands/b${10 + index}.test.ts`));
  const long = plain("commands/settings-commands.test.ts");
  const after = Array.from({ length: 30 }, (_, index) => plain(`host/c${10 + index}.test.ts`));

  const groups = planGroups([...before, long, ...after], 2);

  assert.deepEqual(
    groups.flat(),
    [...before, long, ...after].map(({ path }) => path),
  );
  const sizes = groups.map(({ length }) => length);
  const withLong = groups.find((group) => group.includes(long.path));
  assert.equal(sizes.length, 4);
  assert.ok((withLong?.length ?? 0) + 4 <= Math.max(...sizes), sizes.join(" "));
});

test("every file is in one group; the longest start first, the shared ones before the short", () => {
  const shared = Array.from({ length: 21 }, (_, index) => plain(`a/${index}.test.ts`));
  const files = [
    plain("e2e/a.test.ts"),
    ...shared,
    plain("e2e/disk-full.test.ts"),
    plain("e2e/kill.test.ts"),
  ];

  const groups = planGroups(files, 2);

  assert.deepEqual(groups.flat().toSorted(), files.map(({ path }) => path).toSorted());
  assert.deepEqual(
    groups.map(({ length }) => length),
    [1, 1, 5, 5, 6, 5, 1],
  );
  assert.deepEqual(
    [groups[0], groups[1], groups.at(-1)],
    [["test/e2e/kill.test.ts"], ["test/e2e/disk-full.test.ts"], ["test/e2e/a.test.ts"]],
  );
  assert.deepEqual(planGroups([plain("a.test.ts")], 2), [["test/a.test.ts"]]);
});

test("a file alone is given to node as it is, a group as a module that loads one after another", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-plan-"));
  t.after(() => rmSync(folder, { recursive: true }));

  const [alone, group] = writeGroups("/a project", folder, [
    ["test/a.test.ts"],
    ["test/b.test.ts", "test/c.test.ts"],
  ]);

  assert.equal(alone, "/a project/test/a.test.ts");
  const text = readFileSync(group ?? "", "utf8");
  assert.match(
    text,
    /"file:\/\/\/a%20project\/test\/b.test.ts",\n +"file:\/\/\/a%20project\/test\/c.test.ts"/,
  );
});
