import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { test } from "node:test";
import { toldBySystem } from "../../../src/core/helper/told-by-system.ts";
import { asAnotherUser } from "../../helpers/another-user.ts";

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
  return assert.fail("it is allowed");
}

test("what the system says of a process's files is told in words, with what to do", () => {
  const gone = messageOf(() => openSync("/proc/4194305/mem", "r"));
  const forbidden = asAnotherUser(() => messageOf(() => openSync("/proc/1/mem", "r")));

  assert.deepEqual(toldBySystem(gone, 4194305), { reason: "the target has ended" });
  assert.deepEqual(toldBySystem(gone, 42), { reason: "the copy was ended before all of it was read" });
  assert.deepEqual(toldBySystem(forbidden, 1), {
    reason: "the target's memory may not be read (EACCES)",
    hint: "run as root, or with CAP_SYS_PTRACE",
  });
  assert.deepEqual(toldBySystem("ptrace 0x4204 of 7: errno 3", 7), {
    reason: "the target, or its copy, ended meanwhile",
  });
});

test("what is no such message stays as it is", () => {
  for (const message of [
    "ptrace 0x4204 of 7: errno 5",
    "ENOENT: no such file or directory, open '/etc/x'",
    "x",
  ])
    assert.deepEqual(toldBySystem(message, 7), { reason: message });
});
