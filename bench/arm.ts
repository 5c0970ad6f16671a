// npm run bench:arm: a unit under a real systemd is restarted by hand again and again while it is armed: every restart must
// leave a sealed bundle of the process that went. And what a restart takes when it is not armed, is armed no longer, or
// exhibit is broken. As root. RESTARTS=50 sets the rounds.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { CapturedManifest, CLI } from "../test/helpers/exhibit.ts";
import { bootSystemd } from "../test/helpers/systemd.ts";
import { until } from "../test/helpers/until.ts";
import { record } from "./results.ts";
import { median } from "./statistics.ts";

const RESTARTS = Number(process.env.RESTARTS ?? 50);
const OTHERS = 15;
const FOLDER = "/var/tmp/exhibit";

const systemd = await bootSystemd();
const inside = (path: string) => `/proc/${systemd.pid}/root${path}`;

async function succeed(...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await systemd.run(...argv);
  assert.equal(exitCode, 0, `${argv.join(" ")}: ${stderr}`);
  return stdout.trim();
}
const exhibit = (...words: readonly string[]) =>
  succeed(process.execPath, CLI, ...words, "--config", "/run/exhibit.yaml");
const mainPid = async () => Number(await succeed("systemctl", "show", "--value", "-p", "MainPID", "muskie"));

async function restart(): Promise<number> {
  const start = performance.now();
  await succeed("systemctl", "restart", "muskie");
  return performance.now() - start;
}

async function restarts(count: number): Promise<readonly number[]> {
  const took: number[] = [];
  for (let round = 0; round < count; round++) took.push(await restart());
  return took;
}

function manifests(): readonly CapturedManifest[] {
  const spool = inside(`${FOLDER}/spool`);
  const ids = existsSync(spool) ? readdirSync(spool) : [];
  return ids
    .map((id) => `${spool}/${id}/manifest.json`)
    .filter((path) => existsSync(path))
    .map((path) => CapturedManifest.parse(JSON.parse(readFileSync(path, "utf8"))));
}

const ms = (values: readonly number[]) =>
  `${Math.round(median(values))} ms (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`;

try {
  systemd.addFile(
    "exhibit.yaml",
    `version: 1\nstore: {default: {type: directory, path: ${FOLDER}/archive}}\nspool: {path: ${FOLDER}/spool, keepFree: 1%}\n`,
  );
  await systemd.addUnit(
    "muskie.service",
    "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 1000\nTimeoutStopSec=20s\nStandardOutput=null\n",
  );
  await succeed("systemctl", "start", "muskie");
  const load = loadavg()[0] ?? Number.NaN;

  const pids: number[] = [];
  const armed: number[] = [];
  await exhibit("arm", "muskie", "--for", "6h", "--profile", "quick", "--budget", "2s");
  for (let round = 0; round < RESTARTS; round++) {
    pids.push(await mainPid());
    armed.push(await restart());
    process.stderr.write(`\r${round + 1} of ${RESTARTS} `);
  }
  await until(() => manifests().length >= RESTARTS, 120_000, "all are sealed").catch(() => undefined);
  const seen = new Set(manifests().map(({ target }) => target.pid));
  const whole = pids.filter((pid) => seen.has(pid)).length;

  // exhibit is gone from the host.
  await succeed("sed", "-i", "s/cli[.][jt]s/gone.js/", "/run/exhibit/before-stop");
  const broken = await restarts(OTHERS);
  // Its time is up, and nobody has tidied up yet; beside it the same unit that was never armed, in turn.
  const [expired, never]: [number[], number[]] = [[], []];
  const path = "/run/systemd/system/muskie.service.d/zz-exhibit-arm.conf";
  await succeed("sed", "-i", "1s/.*/1/", "/run/exhibit/armed/muskie.service");
  for (let round = 0; round < OTHERS; round++) {
    expired.push(await restart());
    await succeed("mv", path, "/run/kept.conf");
    await succeed("systemctl", "daemon-reload");
    never.push(await restart());
    await succeed("mv", "/run/kept.conf", path);
    await succeed("systemctl", "daemon-reload");
  }
  record(
    "arm",
    `Node ${process.version}; systemctl restart of a unit that sleeps, profile quick, budget 2 s; load before ${load.toFixed(1)}; median and range of whole restarts`,
    [
      [
        "restarts of an armed unit that left a sealed bundle of the old process",
        `${whole} of ${RESTARTS}`,
        "all",
      ],
      ["a restart while armed", ms(armed), "budget + 1 s"],
      ["never armed", ms(never), "-"],
      ["armed no longer", ms(expired), "-"],
      [
        "what being armed no longer adds, of medians",
        `${Math.round(median(expired) - median(never))} ms`,
        "< 60 ms",
      ],
      ["exhibit is broken", ms(broken), "< 1 s more"],
    ],
  );
} finally {
  await systemd.stop();
}
