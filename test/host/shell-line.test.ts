import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { shellLine } from "../../src/host/shell-line.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

/** Each argument, and a NUL, which none can hold. */
const ECHO = ["sh", "-c", String.raw`printf '%s\0' "$@"`, "sh"] as const;

function arrived(args: readonly string[]): readonly string[] {
  const line = shellLine([...ECHO, ...args], "/bin/zsh");
  return execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" }).split("\0").slice(0, -1);
}

test("hostile arguments arrive as they were", () => {
  const args = [
    "",
    "'",
    "''",
    "\\",
    "\\'",
    "$(id)",
    "`id`",
    "a\nb",
    "!!",
    "*",
    "~",
    "-n",
    "--",
    '"',
    "é\u202e",
    ";|&<>()#{}",
    "\u0001\u001b[31m",
  ];

  assert.deepEqual(arrived(args), args);
});

test("whatever the arguments are, they arrive as they were", () => {
  const word = fc.string({ unit: CODE_POINT, maxLength: 40 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 20, maxLength: 200 }), (args) =>
      assert.deepEqual(arrived(args), args),
    ),
    { numRuns: 15 },
  );
});

function shellOf(shell: string | undefined): string {
  return execFileSync("/bin/sh", ["-c", shellLine(["sh", "-c", 'printf %s "${SHELL-none}"'], shell)], {
    encoding: "utf8",
    env: { ...process.env, SHELL: "/bin/sh" },
  });
}

test("the command keeps the caller's SHELL, or none", () => {
  assert.deepEqual([shellOf("/it's/zsh"), shellOf(undefined)], ["/it's/zsh", "none"]);
});
