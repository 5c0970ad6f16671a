// exhibit fleet over real sshd, each in namespaces of its own. Whatever happens to hosts, connections and controller: every
// host ends in one state and is named, nothing is captured twice, and no target is left stopped.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openSshFleet, TARGET, type Ended, type SshFleet, type SshHost } from "../helpers/ssh-fleet.ts";
import { until } from "../helpers/until.ts";

const QUICK = ["--match", TARGET, "--profile", "quick"];
let fleet: SshFleet;

before(async () => {
  fleet = await openSshFleet(5, { without: [3], noisy: [2], settings: "capture: {window: 1s}\n" });
});
after(() => fleet.close());

const hostsIn = ({ lines }: Ended) => lines.flatMap((line) => (line.kind === "host" ? [line] : []));
const statesIn = (ended: Ended) => Object.fromEntries(hostsIn(ended).map(({ host, state }) => [host, state]));
const endOf = ({ lines }: Ended) => lines.find((line) => line.kind === "end");
const reasonOf = (ended: Ended, name: string) =>
  hostsIn(ended).find(({ host }) => host === name)?.reason ?? "";

function hostOf(name: string): SshHost {
  return fleet.hosts.find((one) => one.name === name) ?? assert.fail(`no host ${name}`);
}

/** Bundles of one job on a host: of any that was ever begun. */
function captures(one: SshHost, job: string): readonly string[] {
  return one.ids().filter((id) => {
    const capture: { job?: string } = JSON.parse(
      readFileSync(join(one.folder, "spool", id, "capture.json"), "utf8"),
    );
    return capture.job === job;
  });
}

test("every host ends in one state and is named with the fix, and the rest goes on", async () => {
  const { knownHosts, folder } = fleet;
  const known = readFileSync(knownHosts, "utf8");
  // The key of h5 in place of that of h4.
  const other = /^h5,\S+ (.*)$/m.exec(known)?.[1] ?? "";
  writeFileSync(knownHosts, known.replace(/^(h4,\S+) .*$/m, `$1 ${other}`));
  const service = { h1: "web", h2: "web", h3: "db", h4: "cache", "no-such-host": "queue" };
  const hostvars = Object.fromEntries(Object.entries(service).map(([name, is]) => [name, { service: is }]));
  writeFileSync(
    join(folder, "inventory.json"),
    JSON.stringify({ _meta: { hostvars }, web: { hosts: ["h1", "h2"] } }),
  );

  const ended = await fleet.exhibit([
    "capture",
    ...QUICK,
    "--inventory",
    "cat inventory.json",
    "--push",
    "-i",
    "INC-1",
    "--json",
  ]);
  writeFileSync(knownHosts, known);

  assert.deepEqual(
    statesIn(ended),
    { h1: "done", h2: "done", h3: "done", h4: "denied", "no-such-host": "offline" },
    ended.stderr + ended.stdout,
  );
  assert.equal(ended.status, 6);
  assert.match(reasonOf(ended, "h4"), /host key is not the one that is known.*ssh-keygen -R/);
  assert.match(reasonOf(ended, "no-such-host"), /no such host: no-such-host/);
  const plan = ended.lines.find((line) => line.kind === "plan");
  assert.deepEqual(
    plan?.waves.map(({ name, hosts }) => [name, ...hosts.map((one) => one.host)]),
    [
      ["canary", "h1"],
      ["one of each service", "h3", "h4", "no-such-host"],
      ["the rest", "h2"],
    ],
  );
  const note = readFileSync(join(folder, "incidents/INC-1.md"), "utf8");
  assert.equal(note.match(/^<!-- exhibit-note:/gm)?.length, 1);
  assert.deepEqual(
    [...note.matchAll(/^\| `(\S+)` \| (\S+) \| (\S+) \|/gm)].map((found) => found.slice(1).join(" ")),
    ["h4 cache denied", "no-such-host queue offline", "h1 web done", "h2 web done", "h3 db done"],
  );
  for (const name of ["h1", "h2", "h3"]) {
    const [id = ""] = captures(hostOf(name), plan?.job ?? "");
    const manifest = hostOf(name).manifest(id);
    assert.deepEqual([manifest.state, manifest.incidents, manifest.noNote], ["complete", ["INC-1"], true]);
  }
});

/** The ssh processes of the controller, masters included. */
function sshProcesses(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid <= 0) return false;
      try {
        const isOurs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(fleet.sshConfig);
        return isOurs && readlinkSync(`/proc/${pid}/exe`).endsWith("/ssh");
      } catch {
        return false;
      }
    });
}

test("a controller that is killed and a connection that is cut cost nothing: each host is captured once", async () => {
  const child = fleet.start(["capture", ...QUICK, "--hosts", "h1,h2"]);
  const jobOf = () => /exhibit: job (\S+);/.exec(child.output())?.[1];
  await until(() => jobOf() !== undefined, 20_000, "the job is told");
  const job = jobOf() ?? "";
  await until(() => captures(hostOf("h1"), job).length === 1, 30_000, "h1 captures");
  child.kill("SIGKILL");
  for (const pid of sshProcesses()) process.kill(pid, "SIGKILL");

  const resumed = fleet.start(["capture", "--resume", job]);
  const exited = new Promise((resolve) => resumed.once("exit", resolve));
  await until(() => captures(hostOf("h2"), job).length === 1, 30_000, "h2 captures");
  const cut = sshProcesses();
  for (const pid of cut) process.kill(pid, "SIGKILL");
  const status = await exited;

  assert.ok(cut.length > 0);
  assert.equal(status, 0, resumed.output());
  for (const name of ["h1", "h2"]) {
    const [id = "", ...others] = captures(hostOf(name), job);
    assert.deepEqual(others, [], name);
    assert.equal(hostOf(name).manifest(id).state, "complete");
    assert.match(hostOf(name).targetState(), /^[SR]$/);
  }
  const again = await fleet.exhibit(["capture", "--resume", job]);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(captures(hostOf("h1"), job).length, 1);
});

describe("side by side", { concurrency: true }, () => {
  test("status tells version and spool of each, and an exhibit of another protocol is named", async () => {
    const old = join(fleet.folder, "old");
    const hello = JSON.stringify({ protocol: 0, version: "0.0.9", host: "h5", nowMs: 1 });
    writeFileSync(
      old,
      `#!/bin/sh\nif [ "$(hostname)" = h5 ]; then printf 'exhibit-fleet\\n%s\\n' '${hello}'; else exec exhibit "$@"; fi\n`,
      { mode: 0o755 },
    );

    // Not h1, which the guard beside captures.
    const [ended, lacking] = await Promise.all([
      fleet.exhibit(["status", "--hosts", "h2,h5", "--exhibit", old, "--json"]),
      fleet.exhibit(["status", "--hosts", "-"], "h3 # has none\n"),
    ]);

    const [one, five] = ["h2", "h5"].map((name) =>
      ended.lines.find((line) => line.kind === "status" && line.host === name),
    );
    assert.ok(one?.kind === "status" && five?.kind === "status");
    assert.deepEqual([one.state, one.waiting, one.capturing], ["online", 0, 0]);
    assert.equal(five.state, "denied");
    assert.match(
      five.reason ?? "",
      /exhibit 0\.0\.9 there speaks protocol 0, this one .* 1; update the older one/,
    );
    assert.equal(ended.status, 6);
    assert.match(lacking.stdout, /h3 +failed .*exhibit is not there; install it there.*--push/);
    assert.equal(lacking.status, 1);
  });

  test("guard runs COMMAND after the capture of each host, and one that fails in the canary ends the job", async () => {
    const file = join(fleet.folder, "ran");
    const script = `hostname >> ${file}; [ "$(hostname)" != h1 ] || { echo no >&2; exit 7; }`;

    const ended = await fleet.exhibit([
      "guard",
      ...QUICK,
      "--budget",
      "5s",
      "--hosts",
      "h1,h2",
      "--json",
      "--",
      "sh",
      "-c",
      script,
    ]);

    assert.deepEqual(statesIn(ended), { h1: "failed", h2: "not-started" }, ended.stderr);
    assert.match(reasonOf(ended, "h1"), /COMMAND: exit 7: no/);
    assert.equal(hostsIn(ended).find((one) => one.host === "h1")?.captureIds.length, 1);
    assert.equal(readFileSync(file, "utf8"), "h1\n");
    assert.equal(endOf(ended)?.exitCode, 1);
  });

  test("what is wrong with the hosts is one line before anything is connected to", async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [["--inventory", "echo rubbish"], /--inventory echo rubbish: printed no JSON; it begins: rubbish/],
      [["--inventory", "echo boom >&2; exit 3"], /exit 3: boom/],
      [["--hosts", "h1,-oProxyCommand=id"], /cannot begin with -/],
      [["--hosts", "@missing"], /--hosts @missing: cannot be read/],
      [[], /no hosts are named/],
      [["--hosts", "a,b,c,d,e,f,g,h,i"], /9 hosts are meant/],
      [["--hosts", "h1", "--at-most", "51"], /--at-most 51: expected 1 to 50/],
    ];

    const results = await Promise.all(wrong.map(([args]) => fleet.exhibit(["capture", ...QUICK, ...args])));

    for (const [at, { status, stderr }] of results.entries()) {
      assert.equal(status, 2, stderr);
      assert.match(stderr, wrong[at]?.[1] ?? /^$/);
      assert.doesNotMatch(stderr, /\n {4}at /);
    }
  });
});
