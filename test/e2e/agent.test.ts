import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { z } from "zod";
import { openAgent, type Said } from "../helpers/agent.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const LIMIT_MS = 60_000;

const Status = z.object({ drain: z.object({ waiting: z.number().optional() }) });
const Ran = z.object({
  exitCode: z.number(),
  result: z.object({ captures: z.array(z.object({ captureId: z.string() })).optional() }).optional(),
});
const Look = z.looseObject({ kind: z.string(), pid: z.number().optional() });
const looksIn = (lines: string) =>
  lines
    .split("\n")
    .slice(0, -1)
    .map((line) => Look.parse(JSON.parse(line)));
const ranIn = ({ body }: Said) => Ran.parse(JSON.parse(body));

test("the agent sends what waited, and stops when it is told to", async (t) => {
  const { sandbox, begin, ask, socket } = openAgent(t);
  const { pid } = await start(t, ["sleep", "1000"], { silent: true });
  // A store that cannot be written.
  writeFileSync(sandbox.archive, "");
  const captured = sandbox.run(["capture", "--pid", String(pid), "--only", "process", "-b", "5s"]);
  assert.equal(captured.status, 4, captured.stderr);
  rmSync(sandbox.archive);
  mkdirSync(sandbox.archive);

  const agent = await begin();

  const waiting = async () => Status.parse(JSON.parse((await ask("GET", "/v1/status")).body)).drain.waiting;
  await until(async () => (await waiting()) === 0, LIMIT_MS, "it was sent");
  assert.equal(sandbox.receipt().uploads.length, 1);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  agent.kill("SIGTERM");
  assert.deepEqual(await once(agent, "exit"), [0, null]);
});

test("on its socket the agent captures, checks, and tells its numbers; bad requests are refused", async (t) => {
  const { sandbox, begin, ask } = openAgent(t);
  const { pid } = await start(t, ["sleep", "1000"], { silent: true });
  const agent = await begin();
  const second = sandbox.run(["agent"]);

  const captured = await ask("POST", "/v1/capture", { pid, profile: "quick", budget: "5s", maxPause: "0" });
  const checked = await ask("POST", "/v1/check", { pid });
  const refused = await Promise.all([
    ask("POST", "/v1/capture", { pid, unit: "two@targets" }),
    ask("POST", "/v1/capture", { unit: "--core=gdb", shell: "rm" }),
    ask("POST", "/v1/capture", "x".repeat(100_000)),
    ask("GET", "/v1/capture"),
    ask("GET", "/"),
  ]);
  const option = await ask("POST", "/v1/check", { unit: "--help" });
  const metrics = await ask("GET", "/metrics");

  assert.equal(second.status, 1);
  assert.match(second.stderr, /an agent is listening already/);
  assert.deepEqual([captured.status, ranIn(captured).exitCode], [200, 0], captured.body);
  assert.deepEqual(
    ranIn(captured).result?.captures?.map(({ captureId }) => captureId),
    sandbox.ids(),
  );
  assert.ok([0, 1, 3].includes(ranIn(checked).exitCode), checked.body);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [400, 400, 413, 405, 404],
  );
  assert.equal(
    ranIn(option).exitCode,
    3,
    "a name that looks like an option is the name of a unit that is not there",
  );
  assert.match(metrics.body, /^exhibit_orders_total\{exit="0"\} \d+$/m);
  assert.match(metrics.body, /^process_resident_memory_bytes \d+$/m);
  agent.kill("SIGTERM");
  await once(agent, "exit");
});

test("a capture has the minutes before it, also when the recorder was killed; a new agent goes on", async (t) => {
  const { sandbox, begin, recorder } = openAgent(t, "recorder: {services: [^tail$]}\n");
  const { pid } = await start(t, ["tail", "-f", "/dev/null"], { silent: true });
  const recorded = () =>
    readdirSync(recorder)
      .flatMap((name) => looksIn(readFileSync(join(recorder, name), "utf8")))
      .filter((look) => look.kind === "process" && look.pid === pid);
  const first = await begin();
  await until(() => recorded().length >= 3, LIMIT_MS, "it records");

  first.kill("SIGKILL");
  await once(first, "exit");
  const before = recorded().length;
  const again = await begin();
  await until(() => recorded().length > before, LIMIT_MS, "it records again");
  const captured = sandbox.run(["capture", "--pid", String(pid), "--only", "recorder,process", "-b", "5s"]);

  assert.equal(captured.status, 0, captured.stderr);
  const lines = looksIn(sandbox.read("evidence/recorder/process.jsonl"));
  const looks = lines.filter(({ kind }) => kind === "process");
  assert.ok(looks.length > before, "those of the killed agent, too");
  assert.ok(looks.every(({ residentBytes, threads }) => Number(residentBytes) > 0 && threads === 1));
  assert.ok(lines.some(({ kind, descriptors }) => kind === "deep" && Number(descriptors) >= 3));
  const host = looksIn(sandbox.read("evidence/recorder/host.jsonl"));
  assert.ok(host.length > 0 && host.every(({ availableBytes }) => Number(availableBytes) > 0));
  assert.ok(sandbox.manifest().readings.some(({ id }) => id === "recorded-before"));
  again.kill("SIGTERM");
  await once(again, "exit");
});

test("a process that the recorder does not know is no gap, one that it should have seen is", async (t) => {
  const { sandbox } = openAgent(t, "recorder: {services: [^tail$]}\n");
  const [other, unseen] = [
    await start(t, ["sleep", "1000"], { silent: true }),
    await start(t, ["tail", "-f", "/dev/null"], { silent: true }),
  ];
  mkdirSync(join(sandbox.folder, "recorder"));

  const statuses = [other, unseen].map(({ pid }) => {
    sandbox.run(["capture", "--pid", String(pid), "--only", "recorder,process", "-b", "5s"]);
    return sandbox.manifest().collectors.find(({ name }) => name === "recorder");
  });

  assert.deepEqual(
    statuses.map((record) => record?.status),
    ["unsupported", "partial"],
  );
});

/** A manager of services that prints each datagram it is sent, as JSON. */
const MANAGER = `
import json, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print("null", flush=True)
while True:
    told = manager.recv(4096).decode().split("\\n")
    # systemd-notify(1) asks whether it was heard, by a descriptor that is closed when it is not taken.
    if told != ["BARRIER=1"]:
        print(json.dumps(told), flush=True)
`;

test("the agent tells its service manager that it is ready, that it lives, and that it stops", async (t) => {
  const { sandbox, begin } = openAgent(t);
  const address = join(sandbox.folder, "notify.sock");
  const { child } = await start(t, ["python3", "-c", MANAGER, address]);
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const told = async () =>
    z
      .array(z.string())
      .nullable()
      .parse(JSON.parse((await lines.next()).value));
  assert.equal(await told(), null);

  const agent = await begin({ NOTIFY_SOCKET: address, WATCHDOG_USEC: "1000000" });
  const messages = [await told(), await told(), await told()];
  agent.kill("SIGTERM");
  let last = await told();
  while (last?.includes("WATCHDOG=1")) last = await told();

  assert.deepEqual(messages, [["READY=1", "STATUS=waiting for work"], ["WATCHDOG=1"], ["WATCHDOG=1"]]);
  assert.deepEqual(last, ["STOPPING=1"]);
  assert.deepEqual(await once(agent, "exit"), [0, null]);
});
