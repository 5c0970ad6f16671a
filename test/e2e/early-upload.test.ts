// What is finished is in the store while the capture still runs: against a real Ceph RADOS gateway.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { processesWith } from "../helpers/processes-with.ts";
import { startTestStore, type TestStore } from "../helpers/s3-store.ts";
import { end, start, type Started } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const BUCKET = "early-test";
const SECRET = "correct-horse-battery-staple-4711";
const SLOW = `collectors:
  slow: {summary: takes its time, argv: [sleep, "30"], timeout: 60s}
profiles:
  slow: {summary: one that takes long, collectors: [process, open-files, slow]}
`;
let store: TestStore;
let target: Started;
let box: Sandbox;

before(async () => {
  store = await startTestStore(BUCKET);
  const service = "setInterval(() => {}, 50); console.log('up')";
  const argv = ["-e", service, "--", `--api-token=${SECRET}`];
  target = await start({ after: () => undefined }, [process.execPath, ...argv]);
});
after(async () => {
  await end(target.child);
  box?.remove();
  await store?.stop();
});

/** A sandbox whose store `evidence` is the gateway, by way of the proxy. */
function open(prefix: string): Sandbox {
  box?.remove();
  const url = `s3://${BUCKET}/${prefix}`;
  const settings = store.settings({ url, endpoint: store.proxy.endpoint });
  box = openSandbox(SLOW, `, evidence: ${JSON.stringify(settings)}`);
  return box;
}

async function keysBelow(prefix: string): Promise<readonly string[]> {
  const { Contents = [] } = await store.outside.listObjectsV2({ Bucket: BUCKET, Prefix: prefix });
  return Contents.flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
}

async function textOf(key: string): Promise<string> {
  const { Body } = await store.outside.getObject({ Bucket: BUCKET, Key: key });
  return (await Body?.transformToString()) ?? "";
}

const CAPTURE = ["capture", "-p", "slow", "-b", "50s", "--to", "evidence", "-i", "INC-7", "--no-note"];
const isThere = async (prefix: string, name: string) =>
  (await keysBelow(prefix)).some((key) => key.endsWith(name));

test("finished evidence is in the store while a collector still runs, and stays as it is in the sealed bundle", async () => {
  const { start: run, manifest, receipt, spool, ids } = open("during");
  const capture = run([...CAPTURE, "--pid", String(target.pid)]);
  await until(() => isThere("during", "/evidence/process/process.json"), 20_000);
  await until(() => isThere("during", "/capture.json"), 20_000);

  const during = await keysBelow("during");
  const early = await Promise.all(during.map(textOf));
  const [id = ""] = ids();
  const sealedThen = existsSync(join(spool, id, "manifest.json"));
  // Going on early is what `s` does; a signal ends the slow collector and seals what there is.
  capture.kill("SIGTERM");
  await once(capture, "exit");

  assert.equal(sealedThen, false, "the capture had ended before anything was in the store");
  assert.ok(early.every((text) => !text.includes(SECRET)));
  const { files, redactions } = manifest();
  assert.ok(redactions.some(({ file, count }) => file === "evidence/first-look/proc.jsonl" && count > 0));
  const byPath = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  const [prefix = ""] = during[0]?.split(/(?<=\/\d{8}T[^/]*\/)/) ?? [];
  for (const [index, key] of during.entries()) {
    const digest = createHash("sha256")
      .update(early[index] ?? "")
      .digest("hex");
    assert.equal(byPath.get(key.slice(prefix.length)), digest, key);
  }
  assert.equal(receipt().uploads[0]?.store, "evidence");
  const keys = await keysBelow("during");
  assert.equal(keys.length, files.length + 1);
  assert.deepEqual(
    readdirSync(spool).filter((name) => /masked|secrets|journal/.test(name)),
    [],
  );
});

test("a capture that is killed leaves what it had sent, and the next command completes it", async () => {
  const { start: run, runBeside, ids, manifest } = open("killed");
  const capture = run([...CAPTURE, "--pid", String(target.pid)]);
  await until(() => isThere("killed", "/evidence/process/process.json"), 20_000);

  capture.kill("SIGKILL");
  await once(capture, "exit");
  await until(() => processesWith("early-upload.js").length === 0, 30_000);
  const left = await keysBelow("killed");
  const push = await runBeside(["push"]);

  assert.equal(push.status, 0, push.stderr);
  assert.ok(!left.some((key) => key.endsWith("/manifest.json")));
  const { state, redactions, files } = manifest(ids()[0]);
  assert.equal(state, "interrupted");
  assert.ok(redactions.some(({ file, count }) => file === "evidence/first-look/proc.jsonl" && count > 0));
  assert.equal((await keysBelow("killed")).length, files.length + 1);
});

test("a store that stalls delays neither the seal nor COMMAND", async () => {
  const { start: run, outcome, manifest, spool, ids } = open("stalled");
  store.proxy.stall();
  const what = ["--pid", String(target.pid), "--to", "evidence", "--only", "process,open-files", "--no-note"];
  const guard = run(["guard", ...what, "-b", "10s", "--wait", "sealed", "--", "true"]);
  await until(() => /COMMAND has ended/.test(guard.output()), 30_000);

  // Ctrl-C leaves the upload to `exhibit push`.
  guard.kill("SIGINT");
  await once(guard, "exit");

  store.proxy.heal();
  assert.equal(guard.exitCode, 0, guard.output());
  assert.ok(existsSync(join(spool, ids()[0] ?? "", "manifest.json")));
  const { startedAt = "" } = outcome();
  const waitedMs = Date.parse(startedAt) - Date.parse(manifest().startedAt);
  assert.ok(waitedMs < 10_000, `COMMAND started after ${waitedMs} ms`);
  assert.match(guard.output(), /still waits/);
  await until(() => processesWith("early-upload.js").length === 0, 30_000);
});
