import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sweep } from "../../src/host/process-group.ts";
import { run, runQuick } from "../../src/host/run.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-run-"));
after(() => rmSync(folder, { recursive: true }));

const running = (pattern: string) =>
  spawnSync("pgrep", ["-f", pattern], { encoding: "utf8" }).stdout.split("\n").filter(Boolean).length;

test("run keeps exact bytes, in memory and in the file, and the exit status", async () => {
  const path = join(folder, "bytes");

  const outcome = await run({ argv: ["printf", String.raw`a\377\000b`], stdoutPath: path });

  assert.deepEqual([...outcome.stdout], [97, 255, 0, 98]);
  assert.deepEqual([...readFileSync(path)], [97, 255, 0, 98]);
  assert.equal(outcome.exitCode, 0);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("run tells an exit status, a signal and a missing command apart", async () => {
  const failed = await run({ argv: ["sh", "-c", "echo no >&2; exit 7"] });
  const killed = await run({ argv: ["sh", "-c", "kill -9 $$"] });
  const missing = await run({ argv: ["exhibit-no-such-command"] });

  assert.deepEqual([failed.exitCode, failed.stderr, failed.endedBy], [7, "no\n", undefined]);
  assert.deepEqual([killed.exitCode, killed.signal], [undefined, "SIGKILL"]);
  assert.equal(missing.notStarted, "ENOENT");
});

test("run gives no shell, no stdin, C locale, UTC, and nothing else of our environment", async () => {
  process.env.EXHIBIT_CANARY = "secret";

  const outcome = await run({ argv: ["sh", "-c", 'env; cat; echo "$1"', "x", "$(id)"], runId: "r.1" });

  const text = outcome.stdout.toString();
  assert.match(text, /^LC_ALL=C$/m);
  assert.match(text, /^TZ=UTC$/m);
  assert.match(text, /^EXHIBIT_RUN=r\.1$/m);
  assert.match(text, /^\$\(id\)$/m);
  assert.doesNotMatch(text, /EXHIBIT_CANARY/);
});

test("a command that hangs and ignores SIGTERM is gone soon after its time is up", async () => {
  const start = performance.now();

  const outcome = await run({
    argv: ["sh", "-c", "trap '' TERM; sleep 62.5; sleep 62.5"],
    signal: AbortSignal.timeout(200),
  });

  assert.equal(outcome.endedBy, "deadline");
  assert.ok(performance.now() - start < 20_000);
  assert.equal(running("^sleep 62.5$"), 0);
});

test("a grandchild that holds the pipe does not hold us", async () => {
  const start = performance.now();

  const outcome = await run({ argv: ["sh", "-c", "echo started; sleep 63.5 & exit 3"] });

  assert.equal(outcome.exitCode, 3);
  assert.equal(outcome.stdout.toString(), "started\n");
  assert.ok(performance.now() - start < 20_000);
  assert.equal(running("^sleep 63.5$"), 0);
});

test("sweep finds a daemon that left its group and ignores SIGTERM", async () => {
  await run({ argv: ["setsid", "-f", "sh", "-c", "trap '' TERM HUP; sleep 64.5; :"], runId: "sweep.1" });
  assert.ok(running("sleep 64.5") > 0);

  const killed = await sweep("sweep.1");

  assert.ok(killed > 0);
  assert.equal(running("sleep 64.5"), 0);
});

test("a flood is cut at its limit", async () => {
  const path = join(folder, "flood");

  const outcome = await run({ argv: ["yes"], stdoutPath: path, limitBytes: 100_000 });

  assert.deepEqual([outcome.endedBy, outcome.stdoutBytes, statSync(path).size], ["limit", 100_000, 100_000]);
});

test("a sampler that runs until told is ended by its window, which is no failure", async () => {
  const outcome = await run({
    argv: ["sh", "-c", "trap 'echo told; exit 0' INT; while :; do sleep 0.05; done"],
    forMs: 300,
  });

  assert.deepEqual([outcome.endedBy, outcome.exitCode, outcome.stdout.toString()], ["window", 0, "told\n"]);
});

test("a tracer gets SIGKILL and never SIGTERM", async () => {
  const outcome = await run({
    argv: ["sh", "-c", "trap 'echo term' TERM; echo up; while :; do sleep 0.05; done"],
    signal: AbortSignal.timeout(200),
    tracer: true,
  });

  assert.deepEqual([outcome.stdout.toString(), outcome.signal], ["up\n", "SIGKILL"]);
});

test("a write that is refused ends the command and is told", async () => {
  const refusal = new Error("full");

  const outcome = await run({
    argv: ["yes"],
    stdoutPath: join(folder, "full"),
    take: () => Promise.reject(refusal),
  });

  assert.equal(outcome.writeError, refusal);
  assert.equal(outcome.endedBy, "limit");
});

test("runQuick answers 127 for a command that is not there", async () => {
  const outcome = await runQuick(["exhibit-no-such-command"]);

  assert.equal(outcome.exitCode, 127);
  assert.match(outcome.stderr, /ENOENT/);
});
