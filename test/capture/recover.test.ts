// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { z } from "zod";
import { CaptureFile, Manifest, type CollectorRecord } from "../../src/bundle/manifest.ts";
import { verifyBundle } from "../../src/bundle/verify.ts";
import type { JournalEntry } from "../../src/capture/journal.ts";
import type { SealingSettings } from "../../src/capture/seal.ts";
import { recoverSpool } from "../../src/capture/recover.ts";
import { makeOwnCgroup, removeEmptyCgroups } from "../../src/host/own-cgroup.ts";
import { readOwnIdentity } from "../../src/host/process-identity.ts";
import { programOf } from "../helpers/program.ts";
import { captureFile, captureId } from "../helpers/sealed-bundle.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-recover-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

/** As the settings are when they say nothing of it. */
const PLAIN: SealingSettings = {
  encrypt: { recipients: [], everything: false, required: false },
  sign: { key: null, identity: null, allowedSigners: null },
  services: [],
};

function spoolFolder(): string {
  const spool = join(root, `spool-${++count}`);
  mkdirSync(spool);
  return spool;
}

const AT = "2026-11-22T03:12:09.500Z";
const FIRST_LOOK = "evidence/first-look/proc.jsonl";

interface Left {
  readonly id?: string;
  readonly evidence?: Readonly<Record<string, string | Uint8Array>>;
  readonly journal?: readonly JournalEntry[];
  readonly planned?: readonly string[];
  readonly secrets?: readonly string[];
  readonly agent?: Partial<CaptureFile["agent"]>;
}

/** What a killed capture leaves in a spool. */
function leave(spool: string, left: Left = {}): string {
  const id = left.id ?? captureId(randomBytes(3).toString("hex"));
  const estimate = { timeMs: 1, pauseMs: 0, sizeBytes: 1 };
  const capture = {
    ...captureFile(id, left.agent),
    planned: (left.planned ?? []).map((name) => ({ name, touch: "none", estimate })),
  };
  mkdirSync(join(spool, id));
  writeFileSync(join(spool, id, "capture.json"), JSON.stringify(capture));
  for (const [path, data] of Object.entries({ [FIRST_LOOK]: '{"path":"."}\n', ...left.evidence })) {
    mkdirSync(dirname(join(spool, id, path)), { recursive: true });
    writeFileSync(join(spool, id, path), data);
  }
  const journal = (left.journal ?? []).map((entry) => `${JSON.stringify(entry)}\n`).join("");
  writeFileSync(join(spool, `${id}.journal.jsonl`), journal);
  const secrets = { key: "0".repeat(64), values: left.secrets ?? [] };
  writeFileSync(join(spool, `${id}.secrets.json`), JSON.stringify(secrets));
  return id;
}

const recover = (spool: string, sealing = PLAIN) =>
  recoverSpool(spool, (capture) => `file:///archive/${capture.captureId}`, sealing);
const manifestOf = (spool: string, id: string) =>
  Manifest.parse(JSON.parse(readFileSync(join(spool, id, "manifest.json"), "utf8")));

async function recovered(left: Left): Promise<{ readonly manifest: Manifest; readonly folder: string }> {
  const spool = spoolFolder();
  const id = leave(spool, left);
  assert.deepEqual(await recover(spool), [{ captureId: id, state: "sealed" }]);
  const folder = join(spool, id);
  assert.deepEqual((await verifyBundle(folder)).faults, []);
  return { manifest: manifestOf(spool, id), folder };
}

const recordOf = (name: string): CollectorRecord => ({
  name,
  tool: name,
  status: "ok",
  startedAt: AT,
  endedAt: AT,
  commands: [],
  bytes: 3,
});

function ended(name: string): JournalEntry {
  return {
    kind: "collector",
    record: recordOf(name),
    readings: [
      { id: name, collector: name, text: "so it is", value: 1, unit: "count", file: `evidence/${name}/f` },
    ],
  };
}

test("what was done is told as it was journalled, what had begun is partial, what had not is skipped", async () => {
  const { manifest } = await recovered({
    planned: ["process", "threads", "core"],
    evidence: { "evidence/process/f": "abc", "evidence/threads/samples.jsonl": "{}\n{}\n" },
    journal: [ended("first-look"), ended("process")],
  });

  assert.equal(manifest.state, "interrupted");
  assert.equal(manifest.stateReason, "exhibit was killed while it captured");
  assert.deepEqual(
    manifest.collectors.map(({ name, status, reason, bytes }) => [name, status, reason, bytes]),
    [
      ["first-look", "ok", undefined, 3],
      ["process", "ok", undefined, 3],
      ["threads", "partial", "exhibit was killed while it ran", 6],
      ["core", "skipped", "exhibit was killed before it began", 0],
    ],
  );
  assert.deepEqual(
    manifest.readings.map(({ id }) => id),
    ["first-look", "process"],
  );
  assert.equal(manifest.finishedAt, AT);
  assert.equal(manifest.durationMs, 2500);
});

test("a kill after everything was secured is told as that", async () => {
  const { manifest } = await recovered({ journal: [{ kind: "secured", at: AT }] });

  assert.deepEqual(
    [manifest.stateReason, manifest.finishedAt],
    ["exhibit ended before the bundle was sealed; everything had been secured", AT],
  );
});

test("how long the target stood is told when every pause had its end, and is unknown when one had not", async () => {
  const pause: JournalEntry = { kind: "pause", name: "stacks", at: AT };
  const resumed: JournalEntry = { kind: "resumed", name: "stacks", observedPauseMs: 40 };

  const whole = await recovered({ journal: [pause, resumed, pause, resumed] });
  const open = await recovered({ journal: [pause, resumed, pause] });
  const none = await recovered({});

  assert.equal(whole.manifest.pausedMs, 80);
  assert.ok(!("pausedMs" in open.manifest));
  assert.equal(none.manifest.pausedMs, 0);
});

test("a torn journal costs what it would have told, and no evidence", async () => {
  const spool = spoolFolder();
  const id = leave(spool, {
    evidence: { "evidence/process/f": "abc" },
    planned: ["process"],
    journal: [ended("process")],
  });
  const journal = join(spool, `${id}.journal.jsonl`);
  writeFileSync(journal, readFileSync(journal).subarray(0, 60));

  await recover(spool);

  const { collectors, files } = manifestOf(spool, id);
  assert.deepEqual(
    collectors.map(({ name, status }) => [name, status]),
    [["process", "partial"]],
  );
  assert.ok(files.some(({ path }) => path === "evidence/process/f"));
});

test("a core that was being written is memory, compressed, and not in the zip", async () => {
  const core = Buffer.concat([Buffer.alloc(500_000), randomBytes(1000)]);
  const { manifest, folder } = await recovered({
    planned: ["core"],
    evidence: { "evidence/core/core": core },
    journal: [{ kind: "core", file: "evidence/core/core" }],
  });

  const file = manifest.files.find(({ path }) => path.startsWith("evidence/core/"));
  assert.deepEqual([file?.path, file?.sensitivity, file?.inZip], ["evidence/core/core.zst", "core", false]);
  const decoded = spawnSync("zstd", ["-dcq", join(folder, "evidence/core/core.zst")]);
  assert.ok(decoded.stdout.equals(core));
});

test("secrets are masked as they would have been, and their list goes", async () => {
  const { manifest, folder } = await recovered({
    secrets: ["hunter2-is-no-password"],
    evidence: { "evidence/logs/open-1.log": "login with hunter2-is-no-password ok\n" },
  });

  assert.doesNotMatch(readFileSync(join(folder, "evidence/logs/open-1.log"), "utf8"), /hunter2/);
  assert.equal(manifest.redactions.length, 1);
  assert.deepEqual(
    readdirSync(dirname(folder)).filter((name) => name !== ".locks"),
    [manifest.captureId],
  );
});

test("a seal that was itself killed half-way begins anew", async () => {
  const { manifest } = await recovered({
    evidence: {
      "evidence/process/f": "abc",
      "evidence/process/f.redacting": "a",
      "evidence/core/core.zst": "torn",
    },
    journal: [{ kind: "core", file: "evidence/core/core" }],
  });

  const paths = manifest.files.map(({ path }) => path);
  assert.ok(!paths.some((path) => path.endsWith(".redacting")));
  const torn = manifest.files.find(({ path }) => path === "evidence/core/core.zst");
  assert.deepEqual([torn?.sensitivity, torn?.inZip], ["core", false]);
});

test("a capture whose process still runs is left alone, and so is a sealed bundle", async () => {
  const spool = spoolFolder();
  const running = leave(spool, { agent: readOwnIdentity() });
  const sealed = leave(spool);
  await recover(spool);
  const before = readFileSync(join(spool, sealed, "manifest.json"), "utf8");

  const again = await recover(spool);

  assert.deepEqual(again, []);
  assert.ok(!existsSync(join(spool, running, "manifest.json")));
  assert.ok(existsSync(join(spool, `${running}.journal.jsonl`)));
  assert.ok(existsSync(join(spool, `${running}.secrets.json`)));
  assert.equal(readFileSync(join(spool, sealed, "manifest.json"), "utf8"), before);
});

test("one that cannot be sealed is told with its reason, and the others are sealed", async () => {
  const spool = spoolFolder();
  const broken = leave(spool);
  rmSync(join(spool, broken, "evidence"), { recursive: true });
  writeFileSync(join(spool, broken, "evidence"), "a file where a folder was");
  const fine = leave(spool);

  const done = await recover(spool);

  const byId = new Map(done.map((one) => [one.captureId, one]));
  assert.equal(byId.get(fine)?.state, "sealed");
  assert.equal(byId.get(broken)?.state, "failed");
  assert.match(byId.get(broken)?.reason ?? "", /ENOTDIR/);
});

test("a spool that is not there has nothing to recover", async () => {
  assert.deepEqual(await recover(join(root, "missing")), []);
});

test("what a killed capture left beside bundles is removed, and what is young, alive or not ours stays", async () => {
  const spool = spoolFolder();
  const now = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const { pid, startTime } = readOwnIdentity();
  const old = ["20201122T031207Z-h-t-000000", now.replace(/^\d{4}/, "2020") + "-h-t-000001"];
  const goes = [`.${old[0]}.new/capture.json`, `${old[0]}.journal.jsonl`, `${old[1]}.secrets.json`];
  goes.push(".note.md.0123456789ab.tmp", ".locks/4000000-1");
  const stays = [`.${now}-h-t-000002.new/capture.json`, `${now}-h-t-000003.journal.jsonl`, "notes.txt"];
  stays.push(".note.md.ba9876543210.tmp", `.locks/${pid}-${startTime}`, ".locks/recovery");
  for (const path of [...goes, ...stays]) {
    mkdirSync(dirname(join(spool, path)), { recursive: true });
    writeFileSync(join(spool, path), "x");
  }
  const hourAgo = new Date(Date.now() - 2 * 3_600_000);
  utimesSync(join(spool, ".note.md.0123456789ab.tmp"), hourAgo, hourAgo);

  await recover(spool);

  assert.deepEqual(
    goes.filter((path) => existsSync(join(spool, path))),
    [],
  );
  assert.deepEqual(
    stays.filter((path) => !existsSync(join(spool, path))),
    [],
  );
});

const Done = z.array(z.object({ captureId: z.string(), state: z.string(), reason: z.string().optional() }));

test("two processes that recover one spool at once seal each bundle exactly once", async (t) => {
  const program = programOf(new URL("../helpers/recover-on-demand.ts", import.meta.url).pathname);
  const workers: ((spool: string) => Promise<z.infer<typeof Done>>)[] = [];
  for (const _ of [1, 2]) {
    const { child } = await start(t, program);
    const { stdin, stdout } = child;
    assert.ok(stdin && stdout);
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "ready");
    const work = async (spool: string) => {
      stdin.write(`${spool}\n`);
      return Done.parse(JSON.parse(String((await lines.next()).value)));
    };
    workers.push(work);
  }

  for (let round = 0; round < 20; round++) {
    const spool = spoolFolder();
    const evidence = {
      "evidence/threads/samples.jsonl": '{"password":"x"}\n'.repeat(500),
      "evidence/core/core": randomBytes(20_000),
    };
    const journal: JournalEntry[] = [{ kind: "core", file: "evidence/core/core" }];
    const ids = Array.from({ length: 2 }, () => leave(spool, { evidence, journal })).toSorted();

    const done = (await Promise.all(workers.map((work) => work(spool)))).flat();

    assert.deepEqual(
      done.toSorted((a, b) => (a.captureId < b.captureId ? -1 : 1)),
      ids.map((id) => ({ captureId: id, state: "sealed" })),
      `round ${round}`,
    );
    for (const id of ids) assert.deepEqual((await verifyBundle(join(spool, id))).faults, []);
    assert.deepEqual(readdirSync(spool).toSorted(), [".locks", ...ids]);
  }
});

test("what a killed capture left running writes into no bundle that is sealed", async () => {
  const spool = spoolFolder();
  const id = leave(spool, { planned: ["own"], evidence: { "evidence/own/out": "begun\n" } });
  const out = join(spool, id, "evidence/own/out");
  const writer = spawn("sh", ["-c", `while :; do echo more >>"$0"; done`, out], {
    env: { ...process.env, EXHIBIT_RUN: `${id}.own` },
    stdio: "ignore",
  });
  const gone = new Promise((resolve) => writer.once("exit", (_code, signal) => resolve(signal)));
  await until(() => statSync(out).size > 100, 30_000);

  await recoverSpool(spool, () => "file:///x", PLAIN);

  assert.equal(await gone, "SIGKILL");
  assert.deepEqual((await verifyBundle(join(spool, id))).faults, []);
});

/** What a helper keeps of a core once it stands (core/helper/alone.ts). */
const TOLD = [
  { method: "snapshot", instead: [], file: "core.zst", isPacked: true, open: "gdb -c core" },
  {
    event: "ready",
    modules: [],
    estimate: { pauseMs: 1, timeMs: 1, coreBytes: 1 },
    areas: 1,
    residentBytes: 1,
  },
  { event: "standing", pauseMs: 1, stopMs: 1, threads: [1], survivesRestart: true },
];
const COMPLETE = {
  event: "complete",
  coreBytes: 1,
  headBytes: 1,
  readBytes: 1,
  holeBytes: 0,
  failedBytes: 0,
  pauseMs: 1,
  segments: 1,
  problems: [],
  remarks: [],
  streamMs: 1,
  peakResidentBytes: 1,
};

test("a core whose helper was ended too, or that is none, stays partial and says why", async () => {
  const pending = "the core was still being written";
  for (const [last, reason] of [
    [[], "the core broke off: its helper was ended"],
    [[{ event: "failed", reason: "no space left" }], "the core broke off: no space left"],
    [[COMPLETE], "the compressed core does not decode"],
  ] as const) {
    const spool = spoolFolder();
    const id = leave(spool, {
      planned: ["core"],
      evidence: { "evidence/core/core.zst": "no core" },
      journal: [
        { kind: "core", file: "evidence/core/core.zst" },
        {
          kind: "collector",
          record: { ...recordOf("core"), status: "partial", reason: `slow; ${pending}` },
          readings: [],
        },
      ],
    });
    const late = join(spool, `${id}.late.jsonl`);
    writeFileSync(late, [...TOLD, ...last].map((line) => `${JSON.stringify(line)}\n`).join(""));

    await recover(spool);

    const core = manifestOf(spool, id).collectors.find(({ name }) => name === "core");
    assert.deepEqual([core?.status, core?.reason], ["partial", `slow; ${reason}`]);
    const facts = JSON.parse(readFileSync(join(spool, id, "evidence/core/core.json"), "utf8"));
    assert.deepEqual([facts.complete, facts.problems], [false, [reason]]);
    assert.equal(existsSync(late), false);
  }
});

test("a bundle whose core is still being completed is left alone until it is", async (t) => {
  const spool = spoolFolder();
  const id = leave(spool, { planned: ["core"], evidence: { "evidence/core/core.zst": "begun" } });
  const { pid, child } = await start(t, ["env", `EXHIBIT_RUN=${id}.core`, "sleep", "60"], { silent: true });
  makeOwnCgroup().take(pid);
  t.after(() => removeEmptyCgroups());

  assert.deepEqual(await recover(spool), []);
  assert.equal(child.exitCode ?? child.signalCode, null);
  assert.equal(existsSync(join(spool, id, "manifest.json")), false);

  child.kill("SIGKILL");
  await until(() => child.signalCode !== null, 5000);
  assert.deepEqual(await recover(spool), [{ captureId: id, state: "sealed" }]);
});
