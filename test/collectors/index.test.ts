import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/errors.ts";
import { collectors, findCollector } from "../../src/collectors/index.ts";
import { ownCollector } from "../../src/collectors/own.ts";
import { profiles } from "../../src/collectors/profiles.ts";

test("the list is alphabetical and has every collector that a profile names", () => {
  const names = collectors.map((one) => one.name);

  assert.deepEqual(names, names.toSorted());
  const named = Object.values(profiles).flatMap((profile) => profile.collectors);
  assert.deepEqual(
    named.filter((entry) => typeof entry !== "string" || !names.includes(entry)),
    [],
  );
});

test("a collector is found by its name and by the tools that people know", () => {
  const asked = [
    "core",
    "gcore",
    "prstat",
    "pfiles",
    "netstat",
    "nhttpsnoop",
    "pstack",
    "ptree",
    "pargs",
    "plimit",
  ];
  const more = ["vmstat", "mpstat", "journalctl"];

  const found = [...asked, ...more].map((name) => findCollector(name).name);

  assert.deepEqual(found, [
    "core",
    "core",
    "threads",
    "open-files",
    "sockets",
    "runtime",
    "stacks",
    "process",
    "process",
    "process",
    "host",
    "host",
    "logs",
  ]);
});

test("a misspelt name is answered with the one that was probably meant", () => {
  assert.throws(
    () => findCollector("prtsat"),
    (error: unknown) => error instanceof UsageError && error.hint === "did you mean prstat?",
  );
});

test("a name like none is answered with all of them, and is made printable", () => {
  assert.throws(
    () => findCollector("\u001b[2Jxxxxxxxxx"),
    (error: unknown) =>
      error instanceof UsageError &&
      error.message.includes("\\x1b") &&
      /sockets, stacks/.test(error.hint ?? ""),
  );
});

test("a collector of one's own is found by its name before any tool's", () => {
  const own = ownCollector("gcore", {
    summary: "x",
    argv: ["x"],
    touch: "none",
    timeout: 1,
    window: false,
    sensitive: [],
  });

  assert.equal(findCollector("gcore", [...collectors, own]), own);
});
