import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameOpenFlags, parseFdinfo, writingOf } from "../../src/parsers/fdinfo.ts";
import { oneOfEach } from "../helpers/one-of-each.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("position and flags of a log file are read", () => {
  const info = parseFdinfo(oneOfEach.process["fdinfo/15"] ?? "");

  assert.deepEqual(info, {
    position: 6,
    flags: 0o2102001,
    mountId: 27,
    inode: "2148721",
    details: [],
    detailsLeftOut: 0,
  });
  assert.deepEqual(nameOpenFlags(0o2102001, "x64"), ["O_WRONLY", "O_APPEND", "O_CLOEXEC", "O_LARGEFILE"]);
});

test("a file opened for appending is told from one opened for reading", () => {
  const append = parseFdinfo("pos:\t0\nflags:\t02102001\nmnt_id:\t27\nino:\t1234\n");
  const reading = parseFdinfo("pos:\t0\nflags:\t0102000\nmnt_id:\t24\n");

  assert.equal(append.inode, "1234");
  assert.deepEqual(writingOf(append.flags), { writable: true, append: true });
  assert.deepEqual(writingOf(reading.flags), { writable: false, append: false });
});

test("without flags nothing is said to be writable", () => {
  const { flags } = parseFdinfo("pos:\t0\nflags:\tjunk\n");

  assert.equal(flags, undefined);
  assert.deepEqual(writingOf(flags), { writable: false, append: false });
});

test("what an epoll and an eventfd say is kept line by line", () => {
  assert.deepEqual(parseFdinfo(oneOfEach.process["fdinfo/17"] ?? "").details, [
    "eventfd-count:                3",
    "eventfd-id: 28",
    "eventfd-semaphore: 0",
  ]);
  assert.match(parseFdinfo(oneOfEach.process["fdinfo/16"] ?? "").details[0] ?? "", /^tfd: +5 events: +19/);
});

test("an epoll of many connections is cut, and says by how much", () => {
  const info = parseFdinfo(`pos:\t0\nflags:\t02\n${"tfd: 1\n".repeat(100)}`);

  assert.equal(info.details.length, 64);
  assert.equal(info.detailsLeftOut, 36);
});

test("a folder is told by its flag, which has another number on arm64", () => {
  assert.ok(nameOpenFlags(0o200000, "x64").includes("O_DIRECTORY"));
  assert.ok(nameOpenFlags(0o40000, "arm64").includes("O_DIRECTORY"));
});

test("nothing makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseFdinfo(text);
      parseFdinfo(`pos:${text}\nflags:${text}`);
    }),
  );
});
