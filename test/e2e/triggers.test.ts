import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { targetLockPath } from "../../src/capture/target-lock.ts";
import { parseProcStat } from "../../src/parsers/proc-stat.ts";
import { openAgent, type Agent } from "../helpers/agent.ts";
import { end, start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const LIMIT_MS = 60_000;
const SICKENING = fileURLToPath(new URL("../helpers/sickening.py", import.meta.url));
const FOR_MS = 1500;

const State = z.object({
  name: z.string(),
  armed: z.boolean(),
  reason: z.string().optional(),
  watching: z.number(),
  lastFiredAt: z.string().optional(),
  firedIn24h: z.number(),
  fired: z.number(),
  refused: z.record(z.string(), z.number()),
  last: z.object({ exitCode: z.number(), captureId: z.string() }).optional(),
});
const Status = z.object({ triggers: z.array(State) });

async function statesOf({ ask }: Agent): Promise<Readonly<Record<string, z.infer<typeof State>>>> {
  const { triggers } = Status.parse(JSON.parse((await ask("GET", "/v1/status")).body));
  return Object.fromEntries(triggers.map((state) => [state.name, state]));
}

/** Of this run: others may run the same beside us. */
const MARK = randomBytes(3).toString("hex");

/** A process that is healthy until it is told to fall ill; that resolves when it has. */
async function healthy(t: TestContext, mode: "memory" | "files" | "sockets" | "log" | "cpu") {
  const { pid, child } = await start(t, ["python3", SICKENING, mode, `${mode}-${MARK}`], { silent: true });
  assert.ok(child.stdout && child.stdin);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  return {
    pid,
    fallIll: async () => {
      child.stdin?.write("\n");
      assert.equal((await lines.next()).value, "ill");
    },
  };
}

/** The manifests of bundles whose reason names the trigger, oldest first. */
function bundlesOf({ sandbox }: Agent, name: string) {
  return sandbox
    .ids()
    .filter((id) => sandbox.read("capture.json", id).includes(`trigger ${name}:`))
    .map((id) => sandbox.manifest(id));
}

test("a process that falls ill is captured once it has been ill for long enough, and not again and again", async (t) => {
  const agent = openAgent(
    t,
    `capture: {window: 250ms}
incidents: [{match: ^INC-, type: file}]
profiles: {small: {summary: small, collectors: [process]}}
triggers:
  memory: {match: ^memory-${MARK}$, when: rss, above: 90M, for: ${FOR_MS}ms, incidents: [INC-4211]}
  files: {match: ^files-${MARK}$, when: descriptors, above: 200, for: 1s, cooldown: 0s, atMost: 2, profile: small}
  sockets: {match: ^sockets-${MARK}$, when: close-wait, above: 30, for: 0s, profile: small}
  log: {match: ^files-${MARK}$, when: log, line: 'pool (exhausted|empty)', file: /tmp/exhibit-no-such.log, profile: small}
  gone: {unit: no-such@7, when: cpu, above: 10}
  never: {match: -${MARK}$, when: descriptors, above: 1000, for: 1s}
`,
  );
  const [memory, files, sockets] = [
    await healthy(t, "memory"),
    await healthy(t, "files"),
    await healthy(t, "sockets"),
  ];
  const { startTime = "" } = parseProcStat(readFileSync(`/proc/${sockets.pid}/stat`, "latin1")) ?? {};
  const lock = targetLockPath(agent.sandbox.spool, { pid: sockets.pid, startTime });
  mkdirSync(dirname(lock), { recursive: true });
  const other = spawn("flock", [lock, "sh", "-c", "echo held; read _"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => end(other));
  await once(other.stdout, "readable");
  const child = await agent.begin();
  await until(async () => (await statesOf(agent)).memory?.watching === 1, LIMIT_MS, "it is watched");
  const before = await statesOf(agent);
  await Promise.all([memory, files, sockets].map(({ fallIll }) => fallIll()));
  const illAtMs = Date.now();

  await until(
    async () => {
      const { memory: one, files: two, sockets: three } = await statesOf(agent);
      return (
        one?.refused.cooldown === 1 &&
        two?.fired === 2 &&
        two.refused.limit === 1 &&
        three?.refused.busy === 1
      );
    },
    LIMIT_MS,
    "they fired, and were refused",
  );
  const held = bundlesOf(agent, "sockets").length;
  other.stdin.end("\n");
  await until(
    async () => (await statesOf(agent)).sockets?.last !== undefined,
    LIMIT_MS,
    "what waited for another capture was captured",
  );

  const after = await statesOf(agent);
  assert.deepEqual(
    Object.values(before).map(({ name, armed, watching }) => [name, armed, watching]),
    [
      ["memory", true, 1],
      ["files", true, 1],
      ["sockets", true, 1],
      ["log", false, 1],
      ["gone", false, 0],
      ["never", true, 3],
    ],
  );
  const [captured, ...more] = bundlesOf(agent, "memory");
  assert.deepEqual([more.length, captured?.target.pid, captured?.profile], [0, memory.pid, "quick"]);
  assert.match(captured?.reason ?? "", /^trigger memory: RSS \d+ MB, above 94\.4 MB for 1\.5 s$/);
  assert.ok(Date.parse(captured?.startedAt ?? "") - illAtMs >= FOR_MS - 1000, "not before its time");
  assert.equal(captured?.collectors.find(({ name }) => name === "recorder")?.status, "ok");
  assert.match(readFileSync(join(agent.sandbox.folder, "incidents/INC-4211.md"), "utf8"), /trigger memory/);
  assert.deepEqual([bundlesOf(agent, "files").length, held, bundlesOf(agent, "sockets").length], [2, 0, 1]);
  assert.deepEqual([after.gone?.fired, after.never?.fired, after.log?.fired], [0, 0, 0]);
  assert.match(child.output(), /trigger gone: nothing that it watches runs here/);
  assert.match(child.output(), /trigger log: \/tmp\/exhibit-no-such\.log: ENOENT/);
  const metrics = (await agent.ask("GET", "/metrics")).body;
  assert.match(metrics, /^exhibit_trigger_fired_total\{trigger="files"\} 2$/m);
  assert.match(metrics, /^exhibit_trigger_refused_total\{trigger="files",reason="limit"\} 1$/m);
  assert.match(metrics, /^exhibit_trigger_armed\{trigger="memory"\} 0$/m);
  assert.match(metrics, /^exhibit_trigger_last_fired_timestamp_seconds\{trigger="memory"\} \d/m);
});

test("a process that keeps a CPU busy is captured, one that rests is not", async (t) => {
  // The limit is low: on a busy host not even a loop gets much.
  const agent = openAgent(
    t,
    `capture: {window: 250ms}
profiles: {small: {summary: small, collectors: [process]}}
triggers:
  busy: {match: ^cpu-${MARK}$, when: cpu, above: 5, for: 2s, profile: small}
`,
  );
  const target = await healthy(t, "cpu");
  await agent.begin();
  await until(async () => (await statesOf(agent)).busy?.watching === 1, LIMIT_MS, "it is watched");
  const restedFrom = performance.now();
  await until(() => performance.now() - restedFrom > 2500, LIMIT_MS);
  const rested = await statesOf(agent);
  await target.fallIll();
  await until(async () => (await statesOf(agent)).busy?.last !== undefined, LIMIT_MS, "it was captured");

  assert.equal(rested.busy?.fired, 0);
  const [captured, ...more] = bundlesOf(agent, "busy");
  assert.deepEqual([more.length, captured?.target.pid], [0, target.pid]);
  assert.match(captured?.reason ?? "", /^trigger busy: CPU \d+% of a core, above 5% for 2\.0 s$/);
});

test("an agent that is killed as a trigger fires does not fire again for the same when it is back", async (t) => {
  const { pid } = await healthy(t, "log");
  const agent = openAgent(t, "");
  const log = join(agent.sandbox.folder, "service.log");
  writeFileSync(log, "pool exhausted long ago\n");
  appendFileSync(
    agent.sandbox.settings,
    `profiles: {small: {summary: small, collectors: [process]}}
triggers:
  log: {match: ^log-${MARK}$, when: log, line: '^pool (exhausted|empty)', file: ${log}, times: 2, profile: small}
  memory: {match: ^log-${MARK}$, when: rss, above: 1, for: 0s, profile: small}
`,
  );
  const first = await agent.begin();
  await until(() => /trigger memory: RSS .*; capturing/.test(first.output()), LIMIT_MS, "one fires");
  await until(() => agent.sandbox.ids().length === 1, LIMIT_MS, "its bundle has begun");
  first.kill("SIGKILL");
  await once(first, "exit");

  const again = await agent.begin();
  await until(
    async () => (await statesOf(agent)).memory?.refused.cooldown === 1,
    LIMIT_MS,
    "it is true again, and refused",
  );
  const memory = (await statesOf(agent)).memory;
  appendFileSync(log, `all is well\npool exhausted\n${"x".repeat(100_000)} pool empty\n`);
  appendFileSync(log, "pool empty\n");
  await until(async () => (await statesOf(agent)).log?.last !== undefined, LIMIT_MS, "two lines of the log");

  assert.deepEqual([memory?.fired, memory?.firedIn24h, memory?.armed], [0, 1, false]);
  assert.ok(Date.parse(memory?.lastFiredAt ?? "") > 0);
  await until(
    () => bundlesOf(agent, "memory").length === 1,
    LIMIT_MS,
    "what the killed agent began is sealed by itself",
  );
  const [captured, ...more] = bundlesOf(agent, "log");
  assert.deepEqual([more.length, captured?.target.pid], [0, pid]);
  assert.equal(captured?.reason, "trigger log: 2 or more lines of its log matched within 1 min 0 s");
  again.kill("SIGTERM");
  assert.deepEqual(await once(again, "exit"), [0, null]);
});
