import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import processCollector from "../../src/collectors/process.ts";
import type { Collector } from "../../src/collectors/collector.ts";
import { hostFiles } from "../../src/host/host-files.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { oneOfEach } from "../helpers/one-of-each.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const NEEDED = {
  statm: "1 2 3\n",
  mountinfo: "",
  comm: "python3\n",
  cmdline: "python3\0-c\0",
  maps: "",
  environ: "",
};
const LINKS = { exe: "/usr/bin/python3.11", cwd: "/srv", root: "/" };

const stat = (pid: number, parent: number, start: number, name = `p${pid}`, state = "S") =>
  `${pid} (${name}) ${state} ${parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${start} 0 0\n`;

/** A small host: 1 -> 40 -> 42 (the target) -> 50, 51 -> 52; 60 is somebody else's. */
const HOST = {
  "/proc/uptime": "5000.25 100.00\n",
  "/proc/1/stat": stat(1, 0, 1),
  "/proc/40/stat": stat(40, 1, 10, "sh) S 99 1"),
  "/proc/42/stat": stat(42, 40, 20),
  "/proc/50/stat": stat(50, 42, 40, "p50", "Z"),
  "/proc/51/stat": stat(51, 42, 30),
  "/proc/52/stat": stat(52, 51, 35),
  "/proc/60/stat": stat(60, 1, 15),
  "/proc/1/cmdline": "/sbin/init\0",
  "/proc/42/cmdline": "node\0main.js\0\u001b[31m\0",
};

const recording = {
  process: { ...oneOfEach.process, ...NEEDED, exe: "" },
  processLinks: LINKS,
  host: HOST,
};

test("files are copied as they are and the facts are under names of their own", async () => {
  const { saved, gaps, readings } = await collectRecorded(processCollector, recording);

  assert.deepEqual(gaps, []);
  assert.equal(saved.get("status.txt"), oneOfEach.process["status"]);
  assert.equal(saved.get("cmdline.txt"), "python3\0-c\0");
  const facts = JSON.parse(saved.get("process.json") ?? "");
  assert.equal(facts.executable, "/usr/bin/python3.11");
  assert.equal(facts.executableDeleted, false);
  assert.equal(facts.workingDirectory, "/srv");
  assert.deepEqual(facts.limits["Max open files"], { soft: 20000, hard: 20000, unit: "files" });
  assert.equal(facts.ageSeconds, Math.round(5000.25 - Number(facts.startTime) / 100));
  assert.deepEqual(readings, []);
});

test("the tree shows ancestors, the target and its descendants, oldest first, and nobody else", async () => {
  const { saved } = await collectRecorded(processCollector, recording);

  assert.equal(
    saved.get("tree.txt"),
    [
      "1     /sbin/init",
      "  40    [sh) S 99 1]",
      "    42    node main.js \\x1b[31m",
      "      51    [p51]",
      "        52    [p52]",
      "      50    <defunct>",
      "",
    ].join("\n"),
  );
});

test("a tree that was cut says so", async () => {
  const { gaps } = await collectRecorded(processCollector, {
    ...recording,
    options: { maxProcesses: 6, maxDescendants: 1 },
  });

  assert.deepEqual(gaps, [
    "the tree was made of 6 of 7 processes (maxProcesses)",
    "the tree shows the first 1 descendants (maxDescendants)",
  ]);
});

test("of the environment only names are kept, and only what is a name", async () => {
  const environ = "PATH=/secret/bin\0TOKEN=hunter2=x\0no equals sign\0bad name=zzz\0=empty\0EMPTY=\0";

  const { saved } = await collectRecorded(processCollector, {
    ...recording,
    process: { ...recording.process, environ },
  });

  assert.equal(saved.get("environment-names.txt"), "PATH\nTOKEN\nEMPTY\n");
  for (const text of saved.values()) assert.doesNotMatch(text, /hunter2|\/secret|zzz/);
});

test("a stuck process, much of it swapped out, and a replaced executable are readings", async () => {
  const status = (oneOfEach.process["status"] ?? "")
    .replace(/^State:.*$/m, "State:\tD (disk sleep)")
    .replace(/^VmSwap:.*$/m, "VmSwap:\t  307200 kB");

  const { readings } = await collectRecorded(processCollector, {
    ...recording,
    process: { ...recording.process, status, wchan: "rpc_wait_bit_killable" },
    processLinks: { ...LINKS, exe: "/opt/app/bin/node (deleted)" },
  });

  assert.deepEqual(
    readings.map(({ text }) => text.replace(/has [\d.]+ [KM]iB/, "has N MiB")),
    [
      "The main thread is in uninterruptible sleep (D), in rpc_wait_bit_killable.",
      "The process runs an executable that has been removed or replaced since it was started: /opt/app/bin/node.",
      "The process has N MiB resident in memory and 300 MiB swapped out.",
    ],
  );
});

test("a little of its memory swapped out is no reading", async () => {
  const status = (oneOfEach.process["status"] ?? "").replace(/^VmSwap:.*$/m, "VmSwap:\t       4 kB");

  const { readings } = await collectRecorded(processCollector, {
    ...recording,
    process: { ...recording.process, status },
  });

  assert.deepEqual(readings, []);
});

const denied = () => {
  throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
};

test("what cannot be read is a gap with its errno; what a kernel may lack is none", async () => {
  const rest = Object.fromEntries(Object.entries(recording.process).filter(([name]) => name !== "limits"));

  const { gaps, saved } = await collectRecorded(processCollector, {
    ...recording,
    process: { ...rest, environ: denied, stack: denied },
  });

  assert.deepEqual(gaps, [
    "limits cannot be read: ENOENT",
    "stack cannot be read: EACCES",
    "environ cannot be read: EACCES",
  ]);
  assert.equal(saved.has("environment-names.txt"), false);
});

test("a live process whose executable was deleted is seen to run it", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "exhibit-process-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, "sleeper");
  await copyFile("/bin/sleep", program);
  const child = spawn(program, ["1000"], { stdio: "ignore", env: { EXHIBIT_CANARY: "hunter2" } });
  await once(child, "spawn");
  t.after(() => child.kill("SIGKILL"));
  await rm(program);
  const held = openProcess(child.pid ?? 0);
  t.after(held.close);
  const live: Collector = {
    ...processCollector,
    collect: (context) => processCollector.collect({ ...context, process: held, host: hostFiles }),
  };

  const { readings, saved, gaps } = await collectRecorded(live, { target: { pid: held.pid } });

  assert.deepEqual(gaps, []);
  assert.ok(readings.some(({ id, text }) => id === "executable-deleted" && text.includes(program)));
  assert.equal(saved.get("environment-names.txt"), "EXHIBIT_CANARY\n");
  for (const text of saved.values()) assert.doesNotMatch(text, /hunter2/);
  assert.match(saved.get("tree.txt") ?? "", new RegExp(`^ +${held.pid} +${program} 1000$`, "m"));
});

const ILLUMOS = {
  "env COLUMNS=10000 ptree -c 1042": { stdout: fixture("illumos/ptree/c-contract-and-defunct.txt") },
  "ps -o pid,ppid,zone,ctid,s,nlwp,vsz,rss,etime -p 1042": { stdout: fixture("illumos/ps/o-one.txt") },
  "pargs -l 1042": { stdout: fixture("illumos/pargs/l-quoted.txt") },
  zonename: { stdout: "global\n" },
  "svcs -lp svc:/example/application/moray:moray-2021": {
    stdout: fixture("illumos/svcs/lp-maintenance.txt"),
  },
};

test("on illumos nothing that stops the target or shows its environment is run", async () => {
  const { ran, readings, saved, gaps } = await collectRecorded(processCollector, {
    platform: "illumos",
    target: { pid: 1042, service: "svc:/example/application/moray:moray-2021" },
    commands: ILLUMOS,
  });

  assert.deepEqual(gaps, []);
  assert.deepEqual(ran, Object.keys(ILLUMOS));
  assert.deepEqual(
    readings.map(({ text, line, file }) => [text, line, file]),
    [
      [
        "SMF says that svc:/example/application/moray:moray-2021 is in state maintenance.",
        "state        maintenance",
        "svcs.txt",
      ],
    ],
  );
  const facts = JSON.parse(saved.get("process.json") ?? "");
  assert.equal(facts.zone, "204ac483-0000-4000-8000-000000000000");
  assert.deepEqual(facts.arguments.slice(0, 2), ["/opt/example/bin/node", "main.js"]);
});

test("on illumos each tool that is missing is a gap and the others go on", async () => {
  const { "pargs -l 1042": _pargs, ...rest } = ILLUMOS;

  const { gaps, saved } = await collectRecorded(processCollector, {
    platform: "illumos",
    target: { pid: 1042 },
    commands: rest,
  });

  assert.deepEqual(gaps, ["pargs: not on this host"]);
  assert.ok(saved.has("tree.json"));
});

test("systemd is asked for the restarts of the target's unit, and of no name that it would not allow", async () => {
  const show =
    "systemctl show -p Id,LoadState,ActiveState,MainPID,ControlGroup,InvocationID,ActiveEnterTimestamp,NRestarts --";
  const commands = { [`${show} api@7.service`]: { stdout: "Id=api@7.service\nNRestarts=4\n" } };
  const of = (service: string) =>
    collectRecorded(processCollector, { ...recording, target: { service }, commands });

  const [unit, hostile] = [await of("api@7.service"), await of("--help *")];

  assert.equal(unit.saved.get("unit.txt"), "Id=api@7.service\nNRestarts=4\n");
  assert.deepEqual([hostile.ran, hostile.saved.has("unit.txt")], [[], false]);
});
