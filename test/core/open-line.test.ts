import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { executableOf, openLine } from "../../src/core/open-line.ts";

test("a plain path is shown as it is, and the kernel's mark of a deleted file is taken off", () => {
  const executable = executableOf(Buffer.from("/usr/bin/node (deleted)"));

  assert.deepEqual(executable, { word: "/usr/bin/node", deleted: true });
  assert.equal(openLine(executable, "core"), "gdb /usr/bin/node core");
});

test("any other path reaches the program byte for byte through a shell, and is safe to print", () => {
  const path = Buffer.from([...Buffer.from("/tmp/-e $(id) 'q' \\ ü\n\u001b["), 0xff]);

  const { word } = executableOf(path);

  assert.match(word, /^[\x20-\x7e]+$/);
  assert.deepEqual(execFileSync("bash", ["-c", `printf %s ${word}`]), path);
});

test("without an executable gdb is asked to find it", () => {
  assert.equal(openLine(undefined, "core"), "gdb -c core");
});
