import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  BusyRecordError,
  CommandError,
  errnoOf,
  ExhibitError,
  messageOf,
  NoteError,
  SettingsError,
  TargetError,
  UnsupportedError,
  UploadError,
  UsageError,
} from "../src/errors.ts";

test("each kind of error ends the program with the exit status that the interface promises", () => {
  const statuses = [
    new ExhibitError("x"),
    new TargetError("x"),
    new CommandError("x"),
    new UnsupportedError("x"),
    new UsageError("x"),
    new SettingsError({ file: "f" }, "x"),
    new UploadError("x"),
    new NoteError("x", { retryable: true }),
    new BusyRecordError("x", undefined),
  ].map((error) => [error.name, error.exitCode]);

  assert.deepEqual(statuses, [
    ["ExhibitError", 1],
    ["TargetError", 1],
    ["CommandError", 1],
    ["UnsupportedError", 1],
    ["UsageError", 2],
    ["SettingsError", 2],
    ["UploadError", 4],
    ["NoteError", 5],
    ["BusyRecordError", 5],
  ]);
});

test("a fault in the settings tells file, line, column and key, as far as they are known", () => {
  const messages = [
    new SettingsError(
      { file: "/etc/exhibit.yaml", line: 12, column: 3, key: "capture.budget" },
      "expected 30s",
    ),
    new SettingsError({ file: "/etc/exhibit.yaml", line: 12 }, "expected a map"),
    new SettingsError({ file: "EXHIBIT_STORE_PATH", key: "store.default.path" }, "expected /a/path"),
    new SettingsError({ file: "settings" }, "version is missing"),
  ].map(({ message }) => message);

  assert.deepEqual(messages, [
    "/etc/exhibit.yaml:12:3: capture.budget: expected 30s",
    "/etc/exhibit.yaml:12:1: expected a map",
    "EXHIBIT_STORE_PATH: store.default.path: expected /a/path",
    "settings: version is missing",
  ]);
});

test("the cause of an error is kept, and an error without one has none", () => {
  const cause = new Error("why");

  assert.equal(new ExhibitError("x", { cause }).cause, cause);
  assert.ok(!("cause" in new ExhibitError("x")));
});

test("anything thrown has a message, and an errno only when the system gave one", () => {
  let failed: unknown;
  try {
    readFileSync("/nonexistent");
  } catch (error) {
    failed = error;
  }

  assert.equal(errnoOf(failed), "ENOENT");
  assert.match(messageOf(failed), /^ENOENT/);
  const others = [
    new Error("plain"),
    "text",
    7,
    undefined,
    null,
    Object.assign(new Error("odd"), { code: 7 }),
  ];
  assert.deepEqual(others.map(messageOf), ["plain", "text", "7", "undefined", "null", "odd"]);
  assert.deepEqual(new Set([...others, { code: "ENOENT" }].map(errnoOf)), new Set([undefined]));
});
