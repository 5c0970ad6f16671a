// Together: what ends itself is text.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "exhibit-imports-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** What the check says of a tree like src/. */
function check(files: Readonly<Record<string, string>>) {
  const root = join(folder, String(++count));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { status, stdout } = spawnSync(process.execPath, ["scripts/check-imports.mjs", root], {
    encoding: "utf8",
  });
  return { status, problems: stdout.trim().split("\n").slice(0, -1) };
}

test("imports that point downwards are no problem", () => {
  const { status, problems } = check({
    "cli.ts": 'import { a } from "./commands/a.ts";\nprocess.exit(a);\n',
    "commands/a.ts": 'import { b } from "../capture/b.ts";\nexport const load = () => import("./c.ts");\n',
    "capture/b.ts": 'import type { X } from "../collectors/x.ts";\nimport { run } from "../host/run.ts";\n',
    "host/run.ts": 'import { spawn } from "node:child_process";\nimport { E } from "../errors.ts";\n',
    "collectors/core.ts": 'import { z } from "zod";\nimport { elf } from "../core/elf.ts";\n',
    "parsers/p.ts": "// process.exit(1) in a comment\nexport const p = 1;\n",
  });

  assert.deepEqual([status, problems], [0, []]);
});

for (const [what, files, problem] of [
  ["an import that points upwards", { "host/a.ts": 'import { b } from "../capture/b.ts";\n' }, /above/],
  [
    "one of types that points upwards",
    { "host/a.ts": 'import type { b } from "../capture/b.ts";\n' },
    /above/,
  ],
  ["one over several lines", { "host/a.ts": 'import {\n  b,\n  c,\n} from "../capture/b.ts";\n' }, /above/],
  ["a dynamic one", { "host/a.ts": 'const b = await import("../capture/b.ts");\n' }, /above/],
  ["an export from above", { "host/a.ts": 'export { b } from "../capture/b.ts";\n' }, /above/],
  [
    "a process started elsewhere",
    { "host/a.ts": 'import { spawn } from "node:child_process";\n' },
    /only host\/run\.ts/,
  ],
  ["execa elsewhere", { "core/a.ts": 'import { execa } from "execa";\n' }, /only host\/run\.ts/],
  [
    "a collector that knows the host",
    { "collectors/a.ts": 'import { run } from "../host/run.ts";\n' },
    /collectors import/,
  ],
  [
    "another collector than core with a core",
    { "collectors/a.ts": 'import { e } from "../core/e.ts";\n' },
    /collectors import/,
  ],
  [
    "a parser that reads files",
    { "parsers/a.ts": 'import { readFileSync } from "node:fs";\n' },
    /parsers do no I\/O/,
  ],
  ["a room without a place", { "helpers/a.ts": "export const a = 1;\n" }, /in no room/],
  ["an exit elsewhere", { "capture/a.ts": "if (bad) process.exit(1);\n" }, /only cli\.ts/],
  ["a result printed elsewhere", { "commands/a.ts": 'process.stdout.write("x");\n' }, /only cli\.ts/],
] as const)
  test(`${what} is a problem`, () => {
    const { status, problems } = check(files);

    assert.equal(status, 1);
    assert.match(problems.join("\n"), problem);
  });

test("two rooms of one layer that import each other are a problem", () => {
  const { problems } = check({
    "bundle/a.ts": 'import { b } from "../upload/b.ts";\n',
    "upload/b.ts": 'import { a } from "../bundle/a.ts";\n',
  });

  assert.match(problems.join("\n"), /import each other/);
});
