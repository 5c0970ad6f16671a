import assert from "node:assert/strict";
import { test } from "node:test";
import { profiles } from "../../src/collectors/profiles.ts";

const names = (name: string) => profiles[name]?.collectors ?? [];

test("quick has nothing that stops the target, and before-restart ends in the core", () => {
  assert.deepEqual(names("quick"), [
    "process",
    "sockets",
    "threads",
    "runtime",
    "host",
    "logs",
    "open-files",
  ]);
  assert.deepEqual(names("before-restart"), [...names("quick"), "stacks", "core"]);
  assert.deepEqual(names("deep"), names("before-restart"));
});
