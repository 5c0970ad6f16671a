// Needs: systemd
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CapturedManifest, CLI, statusesOf } from "../helpers/exhibit.ts";
import { bootSystemd, type Ran, type Systemd } from "../helpers/systemd.ts";
import { until } from "../helpers/until.ts";

const FOLDER = "/var/tmp/exhibit";
const SETTINGS = `version: 1
store: {default: {type: directory, path: ${FOLDER}/archive}}
spool: {path: ${FOLDER}/spool, keepFree: 1%}
capture: {window: 500ms, profile: quick}
`;
const ROUNDS = 3;

const unit = (more: string) =>
  `[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/sleep 1000\nStandardOutput=null\n${more}`;

const LIMIT_MS = 60_000;
const SHIPPED_UNIT = fileURLToPath(new URL("../../config/systemd/exhibit.service", import.meta.url));
const TRIGGERS = `agent: {socket: /run/exhibit/agent.sock}
profiles: {small: {summary: small, collectors: [process]}}
triggers:
  crashes: {unit: crashing, when: restarts, profile: small}
  words: {unit: talking, when: log, line: '^pool exhausted$', profile: small}
`;
/** What a unit of the booted systemd needs, and what makes the test quick. */
const HERE = `[Unit]
DefaultDependencies=no
[Service]
ExecStart=
ExecStart=${process.execPath} ${CLI} agent --config /run/agent.yaml
StandardOutput=null
StandardError=null
WatchdogSec=6s
TimeoutAbortSec=1s
TimeoutStopSec=2s
RestartSec=100ms
`;
/** One ends, the other says something, as often as somebody makes a file. */
const CRASHING = unit("Restart=on-failure\nRestartSec=100ms\n").replace(
  "/bin/sleep 1000",
  `/bin/sh -c 'until rm /run/crash 2>/dev/null; do sleep 0.1; done; exit 1'`,
);
const TALKING = `[Unit]
DefaultDependencies=no
[Service]
ExecStart=/bin/sh -c 'while sleep 0.1; do rm /run/talk 2>/dev/null && echo pool exhausted; done'
StandardError=null
`;

let systemd: Systemd | undefined;

before(async () => {
  systemd = await bootSystemd();
  systemd.addFile("exhibit.yaml", SETTINGS);
  // A sandbox and an environment that would break us, were they ours.
  await systemd.addUnit(
    "muskie@.service",
    unit("TimeoutStopSec=20s\nEnvironment=NODE_OPTIONS=--no-such-flag\nUser=nobody\nProtectSystem=strict\n"),
  );
  await systemd.addUnit("hasty.service", unit("TimeoutStopSec=2s\n"));
  await systemd.addUnit(
    "polite.service",
    unit(`ExecStop=/bin/touch \\\n  /run/polite-%p-stopped\nExecStop=/bin/kill $MAINPID\n`),
  );
});

after(async () => {
  await systemd?.stop();
});

function booted(): Systemd {
  assert.ok(systemd, "systemd was not booted");
  return systemd;
}

const inside = (path: string) => `/proc/${booted().pid}/root${path}`;
const exhibit = (...words: readonly string[]): Promise<Ran> =>
  booted().run("env", "NO_COLOR=1", process.execPath, CLI, ...words, "--config", "/run/exhibit.yaml");

async function succeed(...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await booted().run(...argv);
  assert.equal(exitCode, 0, `${argv.join(" ")}: ${stderr}`);
  return stdout.trim();
}

const mainPid = async (name: string) =>
  Number(await succeed("systemctl", "show", "--value", "-p", "MainPID", name));

/** Manifests of sealed bundles whose id holds the name, oldest first. */
function manifestsOf(name: string): readonly CapturedManifest[] {
  const spool = inside(`${FOLDER}/spool`);
  if (!existsSync(spool)) return [];
  return readdirSync(spool)
    .filter((id) => id.includes(name) && existsSync(`${spool}/${id}/manifest.json`))
    .toSorted()
    .map((id) => CapturedManifest.parse(JSON.parse(readFileSync(`${spool}/${id}/manifest.json`, "utf8"))));
}

const reasonsOf = (name: string) => manifestsOf(name).map(({ reason }) => reason ?? "");

/** Once is not enough: nobody says since when the journal is read. */
const talkUntil = (isDone: () => boolean | Promise<boolean>, what: string) =>
  until(
    async () => {
      writeFileSync(inside("/run/talk"), "");
      return isDone();
    },
    LIMIT_MS,
    what,
  );

test("whoever restarts an armed unit, what its process was is saved first", async () => {
  await succeed("systemctl", "start", "muskie@7");
  const armed = await exhibit(
    "arm",
    "muskie@7",
    "--for",
    "1h",
    "-i",
    "INC-4211",
    "-m",
    "100% 'of' it",
    "-b",
    "10s",
  );
  assert.equal(armed.exitCode, 0, armed.stderr);

  const pids: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    pids.push(await mainPid("muskie@7"));
    await succeed("systemctl", "restart", "muskie@7");
  }

  await until(() => manifestsOf("muskie_7").length === ROUNDS, 60_000, "every restart left a sealed bundle");
  const manifests = manifestsOf("muskie_7");
  assert.deepEqual(new Set(manifests.map(({ target }) => target.pid)), new Set(pids));
  for (const manifest of manifests) {
    assert.equal(manifest.reason, "100% 'of' it");
    assert.ok(
      manifest.identityChecks.every(({ same }) => same),
      "it was still there to the end",
    );
    assert.equal(statusesOf(manifest).process, "ok", JSON.stringify(manifest.collectors));
  }
  const note = inside(`${FOLDER}/incidents/INC-4211.md`);
  await until(() => existsSync(note), 20_000, "the note is there");
});

test("a unit that is armed no longer stops without a capture, and nothing is left of it", async () => {
  const bundles = manifestsOf("muskie_7").length;

  const off = await exhibit("arm", "muskie@7", "--off");

  assert.equal(off.exitCode, 0, off.stderr);
  assert.equal(existsSync(inside("/run/systemd/system/muskie@7.service.d/zz-exhibit-arm.conf")), false);
  await succeed("systemctl", "restart", "muskie@7");
  const listed = await exhibit("arm", "--json");
  assert.deepEqual(JSON.parse(listed.stdout), { armed: [] });
  assert.equal(manifestsOf("muskie_7").length, bundles);
});

test("a unit keeps its own way to stop, and stops however little of exhibit works", async () => {
  await succeed("systemctl", "start", "polite");
  const armed = await exhibit("arm", "polite.service", "--for", "1h", "--json");
  assert.equal(armed.exitCode, 0, armed.stderr);
  // As if it had been removed from the host in the meantime.
  await succeed("sed", "-i", "s/cli[.][jt]s/gone.js/", "/run/exhibit/before-stop");

  await succeed("systemctl", "stop", "polite");

  assert.ok(existsSync(inside("/run/polite-polite-stopped")), "its own ExecStop ran");
  assert.equal(await succeed("systemctl", "show", "--value", "-p", "Result", "polite"), "success");
  assert.equal(manifestsOf("polite").length, 0);
});

test("a unit without time to stop, and one that is not there, are refused in a line", async () => {
  const hasty = await exhibit("arm", "hasty", "--for", "1h");
  const absent = await exhibit("arm", "absent", "--for", "1h");
  const escape = await exhibit("arm", "../../etc/x.service", "--for", "1h");

  assert.equal(hasty.exitCode, 2);
  assert.match(
    hasty.stderr,
    /hasty\.service is given 2 s to stop: too little for a capture\n.*TimeoutStopSec/,
  );
  assert.equal(absent.exitCode, 1);
  assert.match(absent.stderr, /there is no unit absent\.service/);
  assert.equal(escape.exitCode, 2);
});

test("the agent's unit is one that systemd understands", async () => {
  const { stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", SHIPPED_UNIT], { encoding: "utf8" });

  // It tells of the host's other units, too.
  assert.deepEqual(
    stderr.split("\n").filter((line) => line.includes("exhibit.service")),
    [],
  );
});

test("systemd's restarts and a line of the journal are captured; an agent that hangs is restarted and fires no more", async () => {
  const agent = async (...properties: readonly string[]) =>
    succeed("systemctl", "show", "--value", "-p", properties.join(","), "exhibit");
  booted().addFile("agent.yaml", `${SETTINGS}${TRIGGERS}`);
  await booted().addUnit(
    "journal.service",
    unit("").replace("/bin/sleep 1000", "/lib/systemd/systemd-journald") + "Type=notify\n",
  );
  await succeed("systemctl", "start", "journal");
  await booted().addUnit("exhibit.service", readFileSync(SHIPPED_UNIT, "utf8"));
  await succeed("mkdir", "/run/systemd/system/exhibit.service.d");
  await booted().addUnit("exhibit.service.d/here.conf", HERE);
  await booted().addUnit("crashing.service", CRASHING);
  await booted().addUnit("talking.service", TALKING);
  await succeed("systemctl", "start", "crashing", "talking");

  await succeed("systemctl", "start", "exhibit");

  // Type=notify: the start has waited until the agent said READY=1.
  assert.equal(await agent("ActiveState", "StatusText"), "waiting for work\nactive");
  assert.ok(existsSync(inside("/run/exhibit/agent.sock")));
  const alive = await agent("WatchdogTimestampMonotonic");
  await until(
    async () => (await agent("WatchdogTimestampMonotonic")) !== alive,
    LIMIT_MS,
    "it says WATCHDOG=1, and has looked at what there is",
  );
  writeFileSync(inside("/run/crash"), "");
  await talkUntil(
    () => reasonsOf("crashing").length === 1 && reasonsOf("talking").length === 1,
    "both triggers have captured",
  );
  assert.deepEqual(
    [...reasonsOf("crashing"), ...reasonsOf("talking")],
    [
      "trigger crashes: systemd restarted it once or more within 10 min 0 s",
      "trigger words: a line of its log matched within 1 min 0 s",
    ],
  );
  assert.equal(await agent("NRestarts"), "0");

  await succeed("kill", "-STOP", String(await mainPid("exhibit")));
  await until(async () => (await agent("NRestarts")) === "1", LIMIT_MS, "its watchdog has restarted it");
  await until(async () => (await agent("ActiveState")) === "active", LIMIT_MS, "it is ready again");
  const status = ["-s", "--unix-socket", "/run/exhibit/agent.sock", "http://agent/v1/status"];
  const isRefused = /"name":"words"[^}]*"fired":0,"refused":\{"cooldown":[1-9]/;
  await talkUntil(async () => isRefused.test(await succeed("curl", ...status)), "the same line was refused");
  await succeed("systemctl", "stop", "exhibit");
  assert.deepEqual(
    [reasonsOf("crashing").length, reasonsOf("talking").length],
    [1, 1],
    "within the cooldown",
  );
});

test("a unit that is not armed is not captured by capture --if-armed", async () => {
  const captured = await exhibit("capture", "hasty", "--if-armed");

  assert.deepEqual([captured.exitCode, captured.stderr], [0, "exhibit: not armed\n"]);
});
