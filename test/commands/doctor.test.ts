import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { DoctorResult } from "../../src/commands/results/setup.ts";
import { openSandbox } from "../helpers/exhibit.ts";

const NOBODY = 65_534;
const box = openSandbox();
after(() => box.remove());
// An ordinary user must get as far as the settings.
chmodSync(box.folder, 0o755);
chmodSync(box.settings, 0o644);

function doctor(options: Parameters<typeof box.run>[1] = {}, from = box) {
  const { status, stdout, stderr } = from.run(["doctor", "--json"], options);
  assert.equal(stderr, "");
  const result = DoctorResult.parse(JSON.parse(stdout));
  const find = (name: string) =>
    result.checks.find((check) => check.name.startsWith(name)) ?? assert.fail(name);
  return { status, result, find };
}

test("doctor's exit status is that of its worst line, and every bad line says how to fix it", () => {
  const { status, result } = doctor();

  assert.equal(status, { ok: 0, warning: 3, failed: 1 }[result.state]);
  for (const { state, fix, name } of result.checks)
    assert.equal(fix !== undefined, state === "warning" || state === "failed", name);
  assert.ok(result.checks.length > 15);
});

test("without any tool on PATH each one missing is a warning with a line to paste", () => {
  // The folders of system administration are searched too; only what no host has there is asked for here.
  const { find } = doctor({ env: { PATH: join(box.folder, "empty") } });

  for (const name of ["command gdb", "command zstd", "collector core"]) {
    const { state, fix } = find(name);
    assert.equal(state, "warning", name);
    assert.match(fix ?? "", /^(apt-get install -y|dnf install -y|apk add|install the package)/);
  }
});

test("an ordinary user is told what root could see", () => {
  const { find } = doctor({ uid: NOBODY, env: { HOME: "/nonexistent" } });

  assert.match(find("rights").detail, /without CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE/);
  assert.equal(find("rights").fix, "run exhibit as root (sudo exhibit ...)");
});

test("a spool that cannot be written fails", () => {
  const { status, find } = doctor({ uid: NOBODY });

  assert.equal(status, 1);
  assert.equal(find("spool").state, "failed");
  assert.equal(find("store default").state, "failed");
});

test("a disk without room beside the reserve fails", () => {
  const full = openSandbox();
  writeFileSync(
    full.settings,
    `spool: {path: ${full.spool}, keepFree: 1000T}\nstore: {default: {type: directory, path: ${full.archive}}}\n`,
  );

  const { status, find } = doctor({}, full);
  full.remove();

  assert.equal(status, 1);
  assert.match(find("spool").detail, /^no room beside the reserve: 0 B may be written/);
});

test("a secret that others may read, or that is not there, fails", () => {
  const secrets = join(box.folder, "secrets");
  mkdirSync(secrets);
  writeFileSync(join(secrets, "open"), "x", { mode: 0o600 });
  chmodSync(join(secrets, "open"), 0o644);
  writeFileSync(join(secrets, "good"), "x", { mode: 0o600 });
  const incident = (file: string) =>
    `  - {match: ${file}, type: webhook, url: "https://hooks.example.net", secretFile: ${secrets}/${file}}\n`;
  const other = openSandbox(`incidents:\n${["open", "good", "none"].map(incident).join("")}`);

  const { find } = doctor({}, other);
  other.remove();

  assert.deepEqual(
    [find(`secret ${secrets}/open`).state, find(`secret ${secrets}/open`).fix],
    ["failed", `chmod 0600 ${secrets}/open`],
  );
  assert.equal(find(`secret ${secrets}/good`).state, "ok");
  assert.match(find(`secret ${secrets}/none`).detail, /ENOENT/);
});

/** What doctor makes of a timedatectl like this. */
function answers(name: string, text: string) {
  const bin = join(box.folder, name);
  mkdirSync(bin);
  writeFileSync(join(bin, "timedatectl"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  symlinkSync("/bin/sh", join(bin, "sh"));
  return doctor({ env: { PATH: `${bin}:/usr/bin:/bin` } }).find("clock");
}

test("a clock that timedatectl calls unsynchronised is a warning; no answer is unknown, not well", () => {
  assert.equal(answers("yes", "echo yes").state, "ok");
  assert.deepEqual([answers("no", "echo no").state, answers("hurt", "exit 1").state], ["warning", "skipped"]);
});

test("for people each line has its mark, and a fix stands below it", () => {
  const { stdout } = box.run(["doctor"], { uid: NOBODY });

  assert.match(stdout, /^ok +node +v\d+/m);
  assert.match(stdout, /^FAILED +spool .*\n +fix: run exhibit as root/m);
});
