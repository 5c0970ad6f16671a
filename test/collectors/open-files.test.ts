import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import openFiles from "../../src/collectors/open-files.ts";
import type { Collector } from "../../src/collectors/collector.ts";
import { hostFiles } from "../../src/host/host-files.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { oneOfEach } from "../helpers/one-of-each.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const recording = {
  target: { pid: oneOfEach.pid },
  process: oneOfEach.process,
  processLinks: oneOfEach.processLinks,
};

test("every descriptor is listed with what it is", async () => {
  const { lines, saved, gaps, readings } = await collectRecorded(openFiles, recording);

  assert.deepEqual([gaps, readings], [[], []]);
  const rows = lines("fds.jsonl");
  assert.equal(rows.length, Object.keys(oneOfEach.processLinks).length);
  assert.deepEqual(rows[12], {
    fd: 12,
    type: "socket",
    target: "socket:[149447]",
    flags: ["O_RDWR", "O_CLOEXEC"],
    position: 0,
    socket: {
      protocol: "tcp",
      state: "CLOSE_WAIT",
      local: "127.0.0.1:2020",
      peer: "127.0.0.1:43366",
      recvQueue: 1,
      sendQueue: 0,
    },
  });
  assert.deepEqual(JSON.parse(saved.get("summary.json") ?? ""), {
    open: 19,
    limit: 20000,
    described: 19,
    types: { socket: 9, device: 2, file: 3, pipe: 3, epoll: 1, eventfd: 1 },
    sockets: {
      "tcp ESTABLISHED": 3,
      "tcp LISTEN": 2,
      "udp UNCONNECTED": 1,
      "unix LISTEN": 1,
      "unix UNCONNECTED": 1,
      "tcp CLOSE_WAIT": 1,
    },
    deletedFiles: {
      count: 1,
      files: [{ fd: 15, target: "/tmp/exhibit-fixture (1).log (deleted)", position: 6 }],
    },
  });
  assert.match(
    saved.get("pfiles.txt") ?? "",
    /^ {2}12: socket {2}O_RDWR\|O_CLOEXEC\n\ttcp CLOSE_WAIT {2}recv-q:1 send-q:0\n\tsockname: 127\.0\.0\.1:2020\n\tpeername: 127\.0\.0\.1:43366$/m,
  );
});

/** With a soft limit of its own. */
const limited = (soft: number) => ({
  ...recording,
  process: {
    ...oneOfEach.process,
    limits: `Max open files            ${String(soft).padEnd(20)} 4096                 files     \n`,
  },
});

test("more than half of the limit is a reading, half is not", async () => {
  const below = await collectRecorded(openFiles, limited(38));
  const above = await collectRecorded(openFiles, limited(20));

  assert.deepEqual(below.readings, []);
  assert.deepEqual(above.readings, [
    {
      id: "descriptors",
      text: "19 of 20 file descriptors were open (95 %): 9 socket, 3 file, 3 pipe.",
      value: 95,
      unit: "percent",
      line: `Max open files            20                   4096                 files     `,
      file: "limits.txt",
    },
  ]);
});

test("what exceeds maxFiles is counted and told, not described", async () => {
  const { lines, gaps, saved } = await collectRecorded(openFiles, { ...recording, options: { maxFiles: 5 } });

  assert.equal(lines("fds.jsonl").length, 5);
  assert.deepEqual(gaps, ["5 of 19 descriptors are described (maxFiles)"]);
  assert.equal(JSON.parse(saved.get("summary.json") ?? "").open, 19);
});

test("a path that a stranger chose cannot forge a line or a character", async () => {
  const { saved, lines } = await collectRecorded(openFiles, {
    process: { ...oneOfEach.process, "fdinfo/3": "pos:\t0\nflags:\t01\n" },
    processLinks: { "fd/3": "/tmp/a\n   4: socket\u001b[31m" },
  });

  assert.equal(lines("fds.jsonl").length, 1);
  assert.match(saved.get("pfiles.txt") ?? "", /^ {6}\/tmp\/a\\n {3}4: socket\\x1b\[31m$/m);
});

test("a target whose descriptors may not be listed fails with the system's reason", async () => {
  await assert.rejects(collectRecorded(openFiles, { process: { limits: "" } }), /ENOENT/);
});

test("a live process with thousands of descriptors is described in full", async (t) => {
  const program = `const fs = require("fs"); for (let i = 0; i < 4000; i++) fs.openSync("/dev/null"); console.log("ready"); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const held = openProcess(child.pid ?? 0);
  t.after(held.close);
  const live: Collector = {
    ...openFiles,
    collect: (context) => openFiles.collect({ ...context, process: held, host: hostFiles }),
  };

  const { lines, saved, gaps } = await collectRecorded(live, { target: { pid: held.pid } });

  const { open, types } = JSON.parse(saved.get("summary.json") ?? "");
  assert.equal(lines("fds.jsonl").length, open);
  assert.ok(types.device >= 4000);
  assert.deepEqual(gaps, [
    `flags and positions were read of 3000 of ${open} descriptors: of the others only what they are`,
  ]);
});

const PFILES = { "pfiles 41207": { stdout: fixture("illumos/pfiles/node-300-sockets-mixed.txt") } };
const illumos = { platform: "illumos" as const, target: { pid: 41207 } };

test("on illumos the state of a connection comes from netstat, by its two addresses", async () => {
  const { readings, lines, saved, gaps } = await collectRecorded(openFiles, {
    ...illumos,
    commands: {
      ...PFILES,
      "netstat -an -f inet": { stdout: fixture("illumos/netstat/an-inet.txt") },
      "netstat -an -f inet6": { stdout: fixture("illumos/netstat/an-inet6.txt") },
    },
  });

  assert.deepEqual(gaps, []);
  assert.equal(lines("fds.jsonl").length, 306);
  const summary = JSON.parse(saved.get("summary.json") ?? "");
  assert.deepEqual([summary.open, summary.limit, summary.types.socket], [306, 65536, 301]);
  assert.deepEqual(
    readings.map(({ id, text, value, file }) => [id, text, value, file]),
    [
      [
        "close-wait",
        "2 TCP connections of the process were in CLOSE_WAIT, 1 of them from [fd00::1:0]: the peer has closed, the process has not.",
        2,
        "netstat-inet6.txt",
      ],
    ],
  );
});

test("on illumos everything but the states is there when netstat is not", async () => {
  const { gaps, lines } = await collectRecorded(openFiles, { ...illumos, commands: PFILES });

  assert.equal(lines("fds.jsonl").length, 306);
  assert.equal(gaps.length, 2);
});

const refused = (name: string) =>
  collectRecorded(openFiles, {
    ...illumos,
    commands: { "pfiles 41207": { stderr: fixture(`illumos/pfiles/${name}.txt`), exitCode: 1 } },
  });

test("pfiles' refusals become the reason, with what to do", async () => {
  await assert.rejects(refused("err-permission"), {
    message: "pfiles: permission denied",
    hint: /proc_owner/,
  });
  await assert.rejects(refused("err-traced"), { message: "pfiles: process is traced" });
  await assert.rejects(refused("err-zombie"), { message: "pfiles: zombie process" });
});

test("a system process has nothing open", async () => {
  const { readings, gaps } = await collectRecorded(openFiles, {
    ...illumos,
    commands: { "pfiles 41207": { stdout: fixture("illumos/pfiles/system-process.txt") } },
  });

  assert.deepEqual([readings, gaps], [[], []]);
});

/** fdinfo of a file that is open for writing. */
const written = (mount: number) => `pos:\t0\nflags:\t0100001\nmnt_id:\t${mount}\n`;

test("the room of the file systems that it writes to or works in is asked for by its own links, each mount once", async () => {
  const FORMAT = "%T %S %b %f %a %c %d %n";
  const reading = "pos:\t0\nflags:\t0100000\nmnt_id:\t9\n";
  const asked = ["/proc/42/cwd", "/proc/42/root", "/proc/42/fd/3", "/proc/42/fd/5"];
  const command = `stat -f -c ${FORMAT} ${asked.join(" ")}`;
  const stdout = "ext2/ext3 4096 100 50 40 10 5 /proc/42/cwd\ntmpfs 4096 10 0 0 0 0 /proc/42/fd/5\n";

  const { ran, saved, gaps } = await collectRecorded(openFiles, {
    process: {
      ...oneOfEach.process,
      "fdinfo/3": written(1),
      "fdinfo/4": written(1),
      "fdinfo/5": written(2),
      "fdinfo/6": reading,
    },
    processLinks: {
      "fd/3": "/var/log/a.log",
      "fd/4": "/var/log/b.log",
      "fd/5": "/small/\u001b[2J",
      "fd/6": "/data/in",
    },
    commands: { [command]: { stdout, stderr: "stat: cannot read\n", exitCode: 1 } },
  });

  assert.deepEqual([ran, gaps], [[command], []]);
  assert.deepEqual(JSON.parse(saved.get("filesystems.json") ?? "").filesystems, [
    {
      freeBytes: 50 * 4096,
      what: "its working directory",
      isWritten: false,
      path: "/proc/42/cwd",
      type: "ext2/ext3",
      sizeBytes: 100 * 4096,
      availableBytes: 40 * 4096,
      inodes: 10,
      freeInodes: 5,
    },
    {
      freeBytes: 0,
      what: "/small/\\x1b[2J",
      isWritten: true,
      path: "/proc/42/fd/5",
      type: "tmpfs",
      sizeBytes: 40_960,
      availableBytes: 0,
      inodes: 0,
      freeInodes: 0,
    },
  ]);
});
