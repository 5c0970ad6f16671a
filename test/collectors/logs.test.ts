import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsupportedError } from "../../src/errors.ts";
import logs from "../../src/collectors/logs.ts";
import { collectRecorded } from "../helpers/recorded.ts";

const APPEND = "pos:\t0\nflags:\t02102001\nmnt_id:\t27\nino:\t12\n";
const WRITE = "pos:\t0\nflags:\t0100001\nmnt_id:\t27\nino:\t13\n";
const READ = "pos:\t0\nflags:\t0100000\nmnt_id:\t27\nino:\t14\n";
const JOURNALCTL =
  "journalctl --unit=web.service --since=-15min --lines=2000 --output=short-iso-precise --no-pager";

test("logs saves the journal of the unit, and reads nothing into it", async () => {
  const result = await collectRecorded(logs, {
    target: { service: "web.service" },
    commands: { [JOURNALCTL]: { stdout: "line\n" } },
    process: { "fd/0": "" },
  });

  assert.deepEqual(result.ran, [JOURNALCTL]);
  assert.equal(result.saved.get("journal.txt"), "line\n");
  assert.deepEqual([result.readings, result.gaps], [[], []]);
});

test("logs never makes an option or a pattern of a unit's name", async () => {
  const option = await collectRecorded(logs, {
    target: { service: "--flush.service" },
    commands: { "journalctl *": {} },
    process: { "fd/0": "" },
  });
  const pattern = collectRecorded(logs, {
    target: { service: "*.service" },
    commands: { "journalctl *": {} },
    process: { "fd/0": "" },
  });

  assert.ok(option.ran[0]?.startsWith("journalctl --unit=--flush.service --since"));
  await assert.rejects(pattern, UnsupportedError);
});

test("logs says when the journal is only partly visible to this user", async () => {
  const result = await collectRecorded(logs, {
    target: { service: "web.service" },
    commands: { [JOURNALCTL]: { stderr: "Hint: You are currently not seeing messages from other users.\n" } },
    process: { "fd/0": "" },
  });

  assert.match(result.gaps[0] ?? "", /systemd-journal/);
});

test("logs saves the end of what is appended to or named as a log, under names of its own", async () => {
  const result = await collectRecorded(logs, {
    options: { tailBytes: 1024 },
    processLinks: {
      "fd/1": "/srv/app/out",
      "fd/3": "/var/log/x/\u001b[2J\n../../evil (deleted)",
      "fd/4": "/srv/app/app.log",
      "fd/5": "/srv/data/appendonly.aof",
      "fd/6": "/etc/hosts",
      "fd/7": "pipe:[77]",
      "fd/8": "/dev/null",
      "fd/9": "/srv/app/state.bin",
    },
    process: {
      "fd/1": "out",
      "fd/3": `${"x".repeat(5000)}end`,
      "fd/4": "app",
      "fd/5": "data",
      "fd/6": "hosts",
      "fd/9": "state",
      "fdinfo/1": WRITE,
      "fdinfo/3": APPEND,
      "fdinfo/4": WRITE.replace("13", "15"),
      "fdinfo/5": APPEND,
      "fdinfo/6": READ,
      "fdinfo/7": WRITE,
      "fdinfo/8": WRITE,
      "fdinfo/9": WRITE,
    },
  });

  assert.deepEqual([...result.saved.keys()], ["open-1.log", "open-3.log", "open-4.log", "index.json"]);
  assert.equal(result.saved.get("open-3.log"), `${"x".repeat(1021)}end`);
  assert.deepEqual(JSON.parse(result.saved.get("index.json") ?? ""), {
    files: [
      { fd: 1, path: "/srv/app/out", append: false, file: "open-1.log", bytes: 3, onlyTheEnd: false },
      {
        fd: 3,
        path: "/var/log/x/\\x1b[2J\\n../../evil (deleted)",
        append: true,
        file: "open-3.log",
        bytes: 1024,
        onlyTheEnd: true,
      },
      { fd: 4, path: "/srv/app/app.log", append: false, file: "open-4.log", bytes: 3, onlyTheEnd: false },
    ],
    leftOut: 0,
  });
});

test("logs saves a file once that is open twice, and says how many it left out", async () => {
  const link = { "fd/1": "/a.log", "fd/2": "/a.log", "fd/3": "/b.log", "fd/4": "/c.log" };
  const result = await collectRecorded(logs, {
    options: { maxFiles: 1 },
    processLinks: link,
    process: {
      "fd/1": "a",
      "fdinfo/1": APPEND,
      "fdinfo/2": APPEND,
      "fdinfo/3": WRITE,
      "fdinfo/4": READ.replace("0100000", "0100002"),
    },
  });

  assert.deepEqual([...result.saved.keys()], ["open-1.log", "index.json"]);
  assert.deepEqual(result.gaps, ["2 more log files are open; maxFiles is 1"]);
});

test("logs passes over a fifo that has a log's name", async () => {
  const result = await collectRecorded(logs, {
    processLinks: { "fd/3": "/var/log/pipe.log" },
    process: { "fdinfo/3": WRITE },
  });

  assert.deepEqual(JSON.parse(result.saved.get("index.json") ?? "").files, [
    { fd: 3, path: "/var/log/pipe.log", append: false, error: "EINVAL" },
  ]);
  assert.deepEqual(result.gaps, []);
});

test("logs is unsupported where there is neither a unit nor a log file", async () => {
  await assert.rejects(collectRecorded(logs, { process: { "fd/0": "" } }), UnsupportedError);
});

test("logs goes on without journalctl, and says so", async () => {
  const result = await collectRecorded(logs, {
    target: { service: "web.service" },
    processLinks: { "fd/3": "/a.log" },
    process: { "fd/3": "a", "fdinfo/3": APPEND },
  });

  assert.deepEqual(result.gaps, ["journalctl is not on this host"]);
  assert.equal(result.saved.get("open-3.log"), "a");
});

test("logs on illumos takes the end of the file that SMF names", async () => {
  const result = await collectRecorded(logs, {
    platform: "illumos",
    target: { service: "svc:/site/web:default" },
    options: { lines: 50 },
    commands: {
      "svcs -L svc:/site/web:default": { stdout: "/var/svc/log/site-web:default.log\n" },
      "tail -n 50 /var/svc/log/site-web:default.log": { stdout: "last\n" },
    },
  });

  assert.equal(result.saved.get("service.log"), "last\n");
});

test("logs on illumos is unsupported without a service, with a name like an option, and without a log", async () => {
  const commands = { "svcs *": { stdout: "-\n" } };
  for (const service of [undefined, "-x", "svc:/site/web:default"])
    await assert.rejects(
      collectRecorded(logs, { platform: "illumos", target: { service }, commands }),
      UnsupportedError,
    );
});
