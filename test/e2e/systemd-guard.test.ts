import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Outcome } from "../../src/bundle/after-seal.ts";
import { CapturedManifest } from "../helpers/exhibit.ts";
import { CLI, statusesOf } from "../helpers/exhibit.ts";
import { bootSystemd, type Ran, type Systemd } from "../helpers/systemd.ts";
import { until } from "../helpers/until.ts";

/** On a file system in memory that only the namespaces have; the host sees it through the root of its process 1. */
const FOLDER = "/var/tmp/exhibit";
const SETTINGS = `version: 1
store: {default: {type: directory, path: ${FOLDER}/archive}}
spool: {path: ${FOLDER}/spool, keepFree: 1%}
`;

// Each life of the service has a name of its own, which is its comm and arguments too, and tells it when it listens.
const SERVER = `
const { createServer } = require("node:http");
const { randomBytes } = require("node:crypto");
const { renameSync, writeFileSync } = require("node:fs");
const path = process.argv[2];
process.title = "life-" + randomBytes(4).toString("hex");
createServer((_, response) => response.end("ok")).listen(0, () => {
  console.log(process.title + " listens");
  writeFileSync(path + ".new", process.title);
  renameSync(path + ".new", path);
});
`;
const UNIT = `[Unit]
DefaultDependencies=no
[Service]
ExecStart=${process.execPath} /run/server.cjs /run/%p@%i.life
`;

let systemd: Systemd | undefined;

before(async () => {
  systemd = await bootSystemd();
  systemd.addFile("exhibit.yaml", SETTINGS);
  systemd.addFile("server.cjs", SERVER);
  await systemd.addUnit("muskie@.service", `${UNIT}StandardOutput=null\nRestart=no\n`);
  await systemd.addUnit("phoenix@.service", `${UNIT}StandardOutput=null\nRestart=always\nRestartSec=50ms\n`);
  await systemd.addUnit("scribe@.service", `${UNIT}StandardOutput=journal\n`);
  // A journal of the host's would be seen inside, too.
  for (const folder of ["/var/log/journal", "/run/log/journal"]) {
    await systemd.run("mkdir", "-p", folder);
    const mounted = await systemd.run("mount", "-t", "tmpfs", "tmpfs", folder);
    assert.equal(mounted.exitCode, 0, mounted.stderr);
  }
});

after(async () => {
  await systemd?.stop();
});

function booted(): Systemd {
  assert.ok(systemd, "systemd was not booted");
  return systemd;
}

/** A path inside, as the host opens it. */
const inside = (path: string) => `/proc/${booted().pid}/root${path}`;
const read = (path: string) => readFileSync(inside(path), "utf8");

/** Runs the built program inside, with settings of its own. */
function exhibit(words: readonly string[], command: readonly string[] = []): Promise<Ran> {
  const own = ["env", "NO_COLOR=1", process.execPath, CLI, ...words, "--config", "/run/exhibit.yaml"];
  return booted().run(...own, ...(command.length === 0 ? [] : ["--", ...command]));
}

async function property(unit: string, name: string): Promise<string> {
  return (await booted().run("systemctl", "show", "--value", "-p", name, unit)).stdout.trim();
}

/** The name of the service's life that listens, which is not the previous one. */
async function lifeOf(unit: string, previous = ""): Promise<string> {
  const path = `/run/${unit}.life`;
  const next = () => existsSync(inside(path)) && read(path) !== previous;
  await until(next, 20_000, `${unit} listens`);
  return read(path);
}

async function startService(unit: string): Promise<{ readonly pid: number; readonly life: string }> {
  const started = await booted().run("systemctl", "start", unit);
  assert.equal(started.exitCode, 0, started.stderr);
  return { life: await lifeOf(unit), pid: Number(await property(unit, "MainPID")) };
}

/** Folders of the bundles whose id holds the name, oldest first. */
function bundlesOf(name: string): readonly string[] {
  const spool = `${FOLDER}/spool`;
  const names = existsSync(inside(spool)) ? readdirSync(inside(spool)) : [];
  const ids = names.filter((id) => /^\d{8}T\d{6}Z-.*-[0-9a-f]{6}$/.test(id) && id.includes(name));
  return ids.toSorted().map((id) => `${spool}/${id}`);
}

const lastOf = (name: string) => bundlesOf(name).at(-1) ?? assert.fail(`there is no bundle of ${name}`);
const manifestOf = (folder: string) => CapturedManifest.parse(JSON.parse(read(`${folder}/manifest.json`)));
const outcomeOf = (folder: string) => Outcome.parse(JSON.parse(read(`${folder}/outcome.json`)));

/** The files of a bundle, its core aside, that hold the text. */
async function filesWith(text: string, folder: string): Promise<readonly string[]> {
  const found = await booted().run("grep", "-rl", "--exclude=*.zst", text, folder);
  return found.stdout.split("\n").filter(Boolean);
}

test("guard saves what the process of a unit was, restarts the unit, and tells it on the incident", async () => {
  const old = await startService("muskie@7");

  const guarded = await exhibit(
    ["guard", "muskie@7", "--incident", "INC-4211", "--reason", "it answers in seconds", "-b", "15s"],
    ["systemctl", "restart", "muskie@7"],
  );

  assert.equal(guarded.exitCode, 0, guarded.stderr);
  const life = await lifeOf("muskie@7", old.life);
  assert.equal(await property("muskie@7", "ActiveState"), "active");
  assert.notEqual(await property("muskie@7", "MainPID"), String(old.pid));

  const folder = lastOf("muskie_7");
  const manifest = manifestOf(folder);
  const { kind, asked, pid, service } = manifest.target;
  assert.deepEqual(
    { kind, asked, pid, service },
    { kind: "systemd", asked: "muskie@7", pid: old.pid, service: "muskie@7.service" },
  );
  assert.ok(manifest.identityChecks.every(({ same }) => same));
  assert.equal(manifest.identityChecks.at(-1)?.before, "mitigation");
  const { core, stacks, threads, sockets, process: facts } = statusesOf(manifest);
  assert.deepEqual(
    { core, stacks, threads, sockets, facts },
    { core: "ok", stacks: "ok", threads: "ok", sockets: "ok", facts: "ok" },
    guarded.stderr,
  );
  const { argv, exitCode, targetGone } = outcomeOf(folder);
  assert.deepEqual(
    { argv, exitCode, targetGone },
    { argv: ["systemctl", "restart", "muskie@7"], exitCode: 0, targetGone: true },
  );
  assert.deepEqual(await filesWith(life, folder), []);

  const note = read(`${FOLDER}/incidents/INC-4211.md`);
  assert.match(note, /Evidence from `muskie@7`/);
  assert.match(note, /it answers in seconds/);
  const verified = await exhibit(["verify", manifest.captureId]);
  assert.equal(verified.exitCode, 0, verified.stdout);
  assert.match(verified.stdout, /^intact /);
});

test("on a host without a journal the logs are said to be partial, and why", () => {
  const { collectors } = manifestOf(lastOf("muskie_7"));

  const logs = collectors.find(({ name }) => name === "logs");

  assert.deepEqual([logs?.status, logs?.reason], ["partial", "no journal files were found on this host"]);
});

test("what a unit wrote to the journal is saved, of that unit alone", async () => {
  await booted().addUnit(
    "journald.service",
    "[Unit]\nDefaultDependencies=no\n[Service]\nType=notify\nExecStart=/lib/systemd/systemd-journald\n",
  );
  const journald = await booted().run("systemctl", "start", "journald.service");
  assert.equal(journald.exitCode, 0, journald.stderr);
  const [one, other] = [await startService("scribe@1"), await startService("scribe@2")];
  await booted().run("journalctl", "--sync");

  const captured = await exhibit(["capture", "scribe@1", "--only", "journalctl", "-b", "5s"]);

  assert.equal(captured.exitCode, 0, captured.stderr);
  const journal = read(`${lastOf("scribe_1")}/evidence/logs/journal.txt`);
  assert.match(journal, new RegExp(`${one.life} listens`));
  assert.doesNotMatch(journal, new RegExp(other.life));
});

test("COMMAND stops the unit in which guard runs, and the target's: the core is whole all the same", async () => {
  const { pid } = await startService("muskie@9");
  // Until the gate is there the core is in the middle.
  booted().addFile(
    "zstd",
    `#!/bin/sh\nwhile [ ! -e /run/gate ]; do sleep 0.05; done\nexec /usr/bin/zstd "$@"\n`,
  );
  await booted().run("chmod", "755", "/run/zstd");
  const processes = async () => (await booted().run("pgrep", "-f", "core-helper")).stdout.trim();
  const groups = () =>
    readdirSync(inside("/sys/fs/cgroup/systemd")).filter((name) => name.startsWith("exhibit-"));

  const words = `${process.execPath} ${CLI} guard muskie@9 --only core -b 20s --config /run/exhibit.yaml`;
  await booted().addUnit(
    "rescue.service",
    `[Unit]
DefaultDependencies=no
[Service]
Environment=PATH=/run:/usr/bin:/bin
StandardError=file:/run/rescue.txt
TimeoutStopSec=1s
ExecStart=${words} -- systemctl stop muskie@9.service rescue.service
`,
  );
  const started = await booted().run("systemctl", "start", "rescue.service");
  assert.equal(started.exitCode, 0, started.stderr);
  // The target's unit within the 90 s for which systemd would wait for a copy in it; guard's by SIGKILL.
  await until(
    async () => (await property("muskie@9", "ActiveState")) === "inactive",
    60_000,
    "the target's unit has stopped",
  );
  await until(
    async () => (await property("rescue", "ActiveState")) === "failed",
    20_000,
    "guard's unit was ended",
  );
  const [bundle = ""] = bundlesOf("muskie_9");
  assert.notEqual(await processes(), "", read("/run/rescue.txt"));
  assert.equal(groups().length, 1);
  assert.equal(existsSync(inside(`${bundle}/manifest.json`)), false);

  await booted().run("touch", "/run/gate");
  await until(async () => (await processes()) === "", 30_000, "the helper is done");
  const listed = await exhibit(["ls"]);

  assert.equal(listed.exitCode, 0, listed.stderr);
  const manifest = manifestOf(bundle);
  const core = manifest.collectors.find(({ name }) => name === "core");
  assert.deepEqual([manifest.target.pid, manifest.state], [pid, "interrupted"]);
  assert.deepEqual([core?.status, core?.method, core?.reason], ["ok", "snapshot", undefined]);
  const facts = JSON.parse(read(`${bundle}/evidence/core/core.json`));
  assert.deepEqual([facts.complete, facts.survivesCaller, facts.problems], [true, true, []]);
  const verified = await exhibit(["verify", manifest.captureId]);
  assert.match(verified.stdout, /^intact /);
  assert.deepEqual(groups(), []);
});

test("a unit that crashes meanwhile is not mistaken for its successor, and COMMAND still runs", async () => {
  const old = await startService("phoenix@7");
  const guarding = exhibit(["guard", "phoenix@7", "-b", "15s"], ["touch", "/run/command-ran"]);
  await until(() => bundlesOf("phoenix_7").length > 0, 20_000, "the capture begins");
  const folder = lastOf("phoenix_7");
  const evidence = (path: string) => {
    const full = `${folder}/evidence/${path}`;
    return existsSync(inside(full)) ? read(full) : "";
  };
  const journal = () => read(`${folder}.journal.jsonl`);
  const isMidway = () =>
    evidence("threads/usage.jsonl") !== "" &&
    evidence("sockets/ss.txt") !== "" &&
    ["process", "open-files"].every((name) => journal().includes(`"record":{"name":"${name}"`));
  await until(isMidway, 20_000, "only samplers are left in the window");

  await booted().run("kill", "-KILL", String(old.pid));

  const life = await lifeOf("phoenix@7", old.life);
  const guarded = await guarding;
  assert.equal(guarded.exitCode, 0, guarded.stderr);
  assert.ok(existsSync(inside("/run/command-ran")));
  const manifest = manifestOf(folder);
  assert.equal(manifest.target.pid, old.pid);
  assert.equal(manifest.state, "partial");
  const ended = new Map(manifest.collectors.map(({ name, status, reason }) => [name, { status, reason }]));
  assert.deepEqual([ended.get("process")?.status, ended.get("open-files")?.status], ["ok", "ok"]);
  for (const name of ["stacks", "core"])
    assert.deepEqual(ended.get(name), { status: "failed", reason: "the target is gone" });
  const checks = manifest.identityChecks.filter(({ same }) => !same);
  assert.deepEqual(
    checks.map((check) => [check.before, check.found]),
    [
      ["stacks", "gone"],
      ["core", "gone"],
      ["mitigation", "gone"],
    ],
  );
  assert.deepEqual(await filesWith(life, folder), []);
  assert.ok((await filesWith(old.life, folder)).length > 0);
  assert.match(guarded.stderr, /core +failed +the target is gone/);
});

test("a unit that is not there, or does not run, is said in a sentence with what to do", async () => {
  const known = bundlesOf("").length;

  const missing = await exhibit(["capture", "no-such-unit"]);
  const inactive = await exhibit(["capture", "muskie@8"]);

  assert.deepEqual([missing.exitCode, inactive.exitCode], [1, 1]);
  assert.match(
    missing.stderr,
    /^exhibit: there is no unit no-such-unit\.service on this host \(not-found\)\n  \S/,
  );
  assert.match(inactive.stderr, /^exhibit: muskie@8\.service is inactive: no process runs in it\n  \S/);
  assert.equal(bundlesOf("").length, known, "nothing was begun");
});
