import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parsePfiles, pfilesFailure } from "../../src/parsers/pfiles.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const mixed = fixture("illumos/pfiles/node-300-sockets-mixed.txt");

test("every descriptor of a busy node is found, with its limit", () => {
  const found = parsePfiles(mixed);

  assert.equal(found.pid, 41207);
  assert.equal(found.limit, 65536);
  assert.equal(found.files.length, 306);
  assert.equal(found.files.filter((file) => file.socket?.type === "SOCK_STREAM").length, 301);
  assert.equal(
    found.files.filter(({ socket }) => socket?.family !== "AF_UNIX" && socket && !socket.peer).length,
    4,
  );
  assert.equal(found.isCore, false);
});

test("device, port, fifo, door, UNIX socket, file and TCP socket are each read as they are", () => {
  const [device, port, fifo, door, unix, file, inet6, inet] = parsePfiles(mixed).files;

  assert.deepEqual(
    [device?.type, device?.path, device?.offset, device?.flags],
    ["S_IFCHR", "/dev/null", 0, ["O_RDONLY", "O_LARGEFILE"]],
  );
  assert.deepEqual([port?.type, port?.inode, port?.sizeBytes], ["S_IFPORT", undefined, 0]);
  assert.deepEqual([fifo?.type, fifo?.flags.at(-1)], ["S_IFIFO", "O_CLOEXEC"]);
  assert.deepEqual([door?.door, door?.path], ["nscd[1042]", "/var/run/name_service_door"]);
  assert.equal(unix?.socket?.local, "/var/run/kang.sock");
  assert.equal(unix?.peerProcess, "kang[901] zone: 204ac483-0000-4000-8000-000000000000[7]");
  assert.deepEqual(
    [file?.path, file?.offset, file?.sizeBytes, file?.lock],
    ["/var/log/moray.log", 1048576, 1048576, "advisory write lock set by process 41207"],
  );
  assert.deepEqual([inet6?.socket?.local, inet6?.socket?.peer], ["[fd00::10]:2020", "[fd00::1:0]:40000"]);
  assert.deepEqual([inet?.socket?.local, inet?.socket?.peer], ["10.77.77.16:2020", "10.77.77.21:41001"]);
  assert.ok(inet?.socket?.options.includes("SO_RCVBUF(128872)"));
});

test("a core has sockets but not their names", () => {
  const found = parsePfiles(fixture("illumos/pfiles/core-no-socket-detail.txt"));

  assert.equal(found.isCore, true);
  assert.equal(found.pid, 41207);
  assert.equal(found.limit, undefined);
  assert.deepEqual(found.files[0]?.socket, {
    type: undefined,
    options: [],
    filters: undefined,
    local: undefined,
    peer: undefined,
    family: undefined,
  });
});

test("a system process has no descriptors", () => {
  const found = parsePfiles(fixture("illumos/pfiles/system-process.txt"));

  assert.deepEqual([found.pid, found.isSystemProcess, found.files], [2, true, []]);
});

test("an older pfiles' close-on-exec, a filter's backspace and an empty UNIX name are understood", () => {
  const text =
    "7:\tx\n  Current rlimit: unlimited file descriptors\n   3: S_IFSOCK mode:0666 dev:1,0 ino:2 uid:0 gid:0 size:0\n" +
    "      O_RDWR FD_CLOEXEC\n\tSOCK_STREAM\n\tfilters: httpf(auto,\b)\n\tsockname: AF_UNIX \n";

  const [file] = parsePfiles(text).files;

  assert.deepEqual(file?.flags, ["O_RDWR", "O_CLOEXEC"]);
  assert.equal(file?.socket?.filters, "httpf(auto)");
  assert.equal(file?.socket?.local, "");
  assert.equal(parsePfiles(text).limit, "unlimited");
});

test("each way to fail is told in pfiles' own words", () => {
  const cases = readdirSync(new URL("../fixtures/illumos/pfiles", import.meta.url))
    .filter((name) => /^err-.*(?<!source)\.txt$/.test(name))
    .toSorted();

  const reasons = cases.map((name) => pfilesFailure(fixture(`illumos/pfiles/${name}`)));

  assert.deepEqual(reasons, [
    "cannot control process",
    "permission denied",
    "attempt to grab self",
    "process is traced",
    "zombie process",
  ]);
  assert.equal(
    pfilesFailure("pfiles: cannot examine x: no such process or core file\n"),
    "no such process or core file",
  );
  assert.equal(pfilesFailure(""), undefined);
});

test("no output makes the parser throw, wherever it is cut or changed", () => {
  const sample = mixed.slice(0, 4000);
  fc.assert(
    fc.property(fc.nat(4000), fc.nat(4000), fc.string({ unit: CODE_POINT }), (from, to, text) => {
      parsePfiles(sample.slice(0, from) + text + sample.slice(to));
      pfilesFailure(text);
    }),
  );
});
