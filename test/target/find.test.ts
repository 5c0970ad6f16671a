import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { UsageError } from "../../src/errors.ts";
import { parseCgroupMounts } from "../../src/parsers/cgroup-mounts.ts";
import {
  findTargets,
  type CommandResult,
  type TargetHost,
  type TargetRequest,
} from "../../src/target/find.ts";
import { asAnotherUser } from "../helpers/another-user.ts";
import { host } from "../helpers/find-targets.ts";
import { childrenOf, end, start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const SCRIPT = fileURLToPath(new URL("../helpers/find-targets.ts", import.meta.url));
const NEEDS_ROOT = 'needs root: sudo env "PATH=$PATH" node --import tsx --test test/target/find.test.ts';

async function find(t: TestContext, request: TargetRequest, on: TargetHost = host) {
  const found = await findTargets(request, on);
  t.after(() => found.forEach(({ held }) => held.close()));
  return found;
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

test("a pid is found, held and identified, and may be stopped", async (t) => {
  const { pid } = await start(t, ["sh", "-c", "echo up; read x"]);

  const [found, ...rest] = await find(t, { pids: [pid, pid] });

  assert.deepEqual(rest, []);
  assert.equal(found?.kind, "pid");
  assert.equal(found.asked, String(pid));
  assert.equal(found.identity.pid, pid);
  assert.equal(found.target.startTime, found.identity.startTime);
  assert.deepEqual(found.careful, []);
  assert.deepEqual(found.rights, { readable: true });
  assert.deepEqual(found.siblings, []);
});

test("what is no process id is a mistake of usage", async () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 40])
    await assert.rejects(findTargets({ pids: [pid] }, host), {
      name: "UsageError",
      message: `not a process id: ${pid}`,
    });
  await assert.rejects(findTargets({}, host), UsageError);
});

test("a process that has ended is gone, and those found before it are let go", async (t) => {
  const kept = await start(t, ["sh", "-c", "echo up; read x"]);
  const { pid, child } = await start(t, ["sh", "-c", "echo up; read x"]);
  await end(child);
  const before = openDescriptors();

  await assert.rejects(findTargets({ pids: [kept.pid, pid] }, host), {
    name: "TargetError",
    message: `process ${pid} is gone`,
  });

  assert.equal(openDescriptors(), before);
});

test("a zombie is refused, with the process that should have collected it", async (t) => {
  const { pid } = await start(t, ["sh", "-c", "sleep 1000 & echo up; exec sleep 1000"]);
  const [child = 0] = childrenOf(pid);
  // Until then it is a shell, which would collect it.
  await until(() => readFileSync(`/proc/${pid}/comm`, "latin1") === "sleep\n", 30_000);
  process.kill(child, "SIGKILL");
  await until(() => /^State:\tZ/m.test(readFileSync(`/proc/${child}/status`, "utf8")), 30_000);

  await assert.rejects(findTargets({ pids: [child] }, host), {
    name: "TargetError",
    message: `process ${child} is a zombie: it has ended, and nothing of it is left to save`,
    hint: `its parent, process ${pid}, has not collected it: look there`,
  });
});

test("a process whose first thread has ended is not said to have ended", async (t) => {
  const lives = "import ctypes, threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n";
  const { pid } = await start(t, [
    "python3",
    "-c",
    `${lives}print("up", flush=True)\nctypes.CDLL(None).pthread_exit(None)`,
  ]);
  await until(() => /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8")), 30_000);
  const [other = 0] = readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .filter((thread) => thread !== pid);

  await assert.rejects(findTargets({ pids: [pid] }, host), {
    name: "TargetError",
    message: `process ${pid} lives, but its first thread has ended (threads that run on: 1): exhibit cannot look at such a process`,
    hint: `gdb can: gdb -p ${other} --batch -ex 'generate-core-file FILE', then exhibit add FILE`,
  });
});

test("a thread is refused, with the process it belongs to", async () => {
  const threads = readdirSync("/proc/self/task").map(Number);
  const thread = threads.find((id) => id !== process.pid);

  await assert.rejects(findTargets({ pids: [thread ?? 0] }, host), {
    name: "TargetError",
    message: `${thread} is a thread of process ${process.pid}`,
    hint: `use --pid ${process.pid}`,
  });
});

test("exhibit does not capture itself", async () => {
  await assert.rejects(findTargets({ pids: [process.pid] }, host), {
    message: `process ${process.pid} is exhibit itself`,
  });
});

test("nothing may stop process 1, or a process that exhibit runs below", async (t) => {
  const [init, parent] = await find(t, { pids: [1, process.ppid] });

  assert.equal(init?.careful[0], "process 1 is the host's own init");
  assert.deepEqual(parent?.careful, ["exhibit runs below it"]);
});

test("nothing may stop a thread of the kernel, which has no memory to read", async (t) => {
  const kernelThread = 2;
  assert.equal(
    readFileSync(`/proc/${kernelThread}/comm`, "utf8"),
    "kthreadd\n",
    "run this test outside of containers: it looks at a thread of the kernel",
  );

  const [found] = await find(t, { pids: [kernelThread] });

  assert.deepEqual(found?.careful, ["it is a thread of the kernel"]);
  assert.equal(found.rights.readable, false);
  assert.equal(found.target.virtualBytes, undefined);
  assert.equal(found.target.executable, undefined);
  assert.equal(found.target.arguments, undefined);
  assert.equal(found.target.runtime.name, "unknown");
});

test("without rights on it a process is still found, and what is missing is said", async (t) => {
  const [found] = await asAnotherUser(() => find(t, { pids: [1] }));

  assert.deepEqual(found?.rights, {
    readable: false,
    reason: "needs the rights of root or CAP_SYS_PTRACE for process 1 (EACCES)",
  });
  assert.equal(found.target.executable, undefined);
  assert.equal(found.target.uid, 0);
  assert.ok(found.target.threads);
});

test("a pattern finds every process whose command line matches", async (t) => {
  const mark = randomBytes(8).toString("hex");
  const first = await start(t, ["sh", "-c", "echo up; read x", "worker", mark]);
  const second = await start(t, ["sh", "-c", "echo up; read x", "worker", mark]);
  const pattern = `^sh -c .* worker ${mark}$`;

  const found = await find(t, { match: pattern });

  const pids = [first.pid, second.pid].toSorted((a, b) => a - b);
  assert.deepEqual(
    found.map(({ target }) => target.pid),
    pids,
  );
  assert.deepEqual(
    found.map(({ kind, asked }) => [kind, asked]),
    [
      ["match", pattern],
      ["match", pattern],
    ],
  );
});

test("a pattern does not match who looks for the same by exhibit, but another program with such an option", async (t) => {
  const mark = randomBytes(8).toString("hex");
  const idle = ["sh", "-c", "echo up; read x"] as const;
  const looking = ["exhibit", "fleet", "capture", "--match", mark];
  for (const words of [
    looking,
    ["ssh", "host", looking.join(" ")],
    [...looking.slice(0, 3), `--match=${mark}`],
  ])
    await start(t, [...idle, ...words]);
  const router = await start(t, [...idle, "router", "--match", mark]);

  const found = await find(t, { match: mark });

  assert.deepEqual(
    found.map(({ target }) => target.pid),
    [router.pid],
  );
});

test("a pattern never matches exhibit itself, or what started it", async () => {
  const mark = randomBytes(8).toString("hex");
  const request = JSON.stringify({ match: mark });

  const { stdout } = await promisify(execFile)("sh", [
    "-c",
    '"$0" --import "$1" "$2" "$3"; :',
    process.execPath,
    import.meta.resolve("tsx"),
    SCRIPT,
    request,
  ]);

  assert.equal(
    z.object({ message: z.string() }).parse(JSON.parse(stdout)).message,
    `no process has a command line that matches ${mark}`,
  );
});

test("a pattern that is no regular expression is a mistake of usage", async () => {
  await assert.rejects(findTargets({ match: "muskie(" }, host), {
    name: "UsageError",
    message: /^--match: .*Unterminated group/,
  });
});

const SILENT: TargetHost = { platform: "linux", run: () => assert.fail("no command should run") };

test("what is no unit's name is a mistake of usage, and never reaches systemctl", async () => {
  for (const unit of ["muskie*", "a b", "/etc/x", "-H evil\u001b[1m", ""])
    await assert.rejects(findTargets({ unit }, SILENT), {
      name: "UsageError",
      message: /^not the name of a unit: [\x20-\x7e]*$/,
    });
});

test("a unit that is not there is said to be so, and why when systemd is not", async () => {
  const name = `muskie-${randomBytes(8).toString("hex")}.service`;
  const message = existsSync("/run/systemd/system")
    ? `there is no unit ${name} on this host (not-found)`
    : `cannot look up ${name}: systemd is not running on this host`;

  await assert.rejects(findTargets({ unit: name }, host), {
    name: "TargetError",
    message,
    hint: /--pid PID$/,
  });
});

test("SMF is looked for on illumos only", async () => {
  await assert.rejects(findTargets({ unit: "svc:/manta/application/muskie:7" }, host), {
    name: "TargetError",
    message:
      "cannot look up svc:/manta/application/muskie:7: SMF is a part of illumos, and this host runs Linux",
    hint: "name a systemd unit, or name the process itself: --pid PID",
  });
  await assert.rejects(findTargets({ unit: "svc:/a b" }, host), {
    name: "UsageError",
    message: "not an FMRI: svc:/a b",
  });
});

test("the processes of an SMF instance are those of its contract", async (t) => {
  const { pid } = await start(t, ["sh", "-c", "echo up; read x"]);
  const answers = new Map([
    ["svcs -Ho ctid svc:/manta/application/muskie:7", { exitCode: 0, stdout: "   93\n", stderr: "" }],
    ["pgrep -c 93", { exitCode: 0, stdout: `${pid}\n999999999\n`, stderr: "" }],
  ]);
  const run: TargetHost["run"] = async (argv) => answers.get(argv.join(" ")) ?? assert.fail(argv.join(" "));

  const [found] = await find(t, { unit: "svc:/manta/application/muskie:7" }, { platform: "illumos", run });

  assert.equal(found?.target.pid, pid);
  assert.equal(found.kind, "smf");
  assert.equal(found.target.service, "svc:/manta/application/muskie:7");
  assert.deepEqual(found.siblings, [999999999]);
});

const fmri = "svc:/manta/application/muskie:7";

/** A host where svcs and pgrep answer so. */
function answering(svcs: Partial<CommandResult>, pgrep: Partial<CommandResult> = {}): TargetHost {
  const run: TargetHost["run"] = async ([command]) => ({
    exitCode: 0,
    stdout: "",
    stderr: "",
    ...(command === "svcs" ? svcs : pgrep),
  });
  return { platform: "illumos", run };
}

test("an SMF instance that is unknown, or has no process, is said to be so", async () => {
  await assert.rejects(
    findTargets(
      { unit: fmri },
      answering({ exitCode: 1, stderr: `svcs: Pattern '${fmri}' doesn't match any instances\n` }),
    ),
    {
      message: `cannot look up ${fmri}: svcs: svcs: Pattern '${fmri}' doesn't match any instances`,
    },
  );
  await assert.rejects(findTargets({ unit: fmri }, answering({ stdout: "-\n" })), {
    message: `${fmri} has no process contract: nothing runs in it`,
  });
  await assert.rejects(findTargets({ unit: fmri }, answering({ stdout: "93\n" }, { exitCode: 1 })), {
    message: `no process runs in contract 93 of ${fmri}`,
  });
});

/** A control group named as Docker names it, with processes in it. */
async function container(t: TestContext, id: string): Promise<readonly number[]> {
  assert.equal(process.getuid?.(), 0, NEEDS_ROOT);
  const [mount] = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const folder = `${mount}/exhibit-test-${process.pid}-${id.slice(-12)}`;
  const group = `${folder}/docker-${id}.scope`;
  mkdirSync(group, { recursive: true });
  const inside = ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; echo up; read x', group] as const;
  const started = [await start(t, inside), await start(t, inside)];
  // Only an empty group can be removed.
  t.after(async () => {
    for (const { child } of started) await end(child);
    rmdirSync(group);
    rmdirSync(folder);
  });
  return started.map(({ pid }) => pid);
}

test("a container is found by the beginning of its id, as the oldest process in it", async (t) => {
  const id = randomBytes(32).toString("hex");
  const [first, second] = await container(t, id);

  const [found] = await find(t, { container: id.slice(0, 16) });

  assert.ok(found);
  assert.equal(found.target.pid, first);
  assert.deepEqual(found.siblings, [second]);
  assert.equal(found.target.containerId, id);
  assert.equal(found.asked, `container:${id.slice(0, 16)}`);
});

test("the beginning of an id that several containers share is refused, with their ids", async (t) => {
  const beginning = randomBytes(8).toString("hex");
  const ids = ["a", "b"].map((next) => `${beginning}${next}${randomBytes(24).toString("hex").slice(1)}`);
  for (const id of ids) await container(t, id);

  await assert.rejects(findTargets({ container: beginning }, host), {
    name: "TargetError",
    message: `2 containers begin with ${beginning}`,
    hint: `there are: ${ids.map((id) => id.slice(0, 12)).join(", ")}`,
  });
});

test("a container that is not there, and an id that is none, are said to be so", async () => {
  const id = randomBytes(16).toString("hex");

  await assert.rejects(findTargets({ container: id }, host), {
    name: "TargetError",
    message: `no container on this host has an id that begins with ${id}`,
  });
  await assert.rejects(findTargets({ container: "web\u001b[1m" }, host), {
    name: "UsageError",
    message: "not a container id: web\\x1b[1m",
  });
});
