// Slow: doctor tries keys, tools and a core, some thirty times.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { installLine } from "../../src/commands/doctor/packages.ts";
import { bech32 } from "@scure/base";
import { checkSnapshot } from "../../src/commands/doctor/snapshot.ts";
import { DoctorResult } from "../../src/commands/results/setup.ts";
import { CLI, openSandbox } from "../helpers/exhibit.ts";

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

test("whether a core by snapshot works is tried out, and without koffi it is said how to get it", () => {
  const apart = openSandbox();
  cpSync(join(CLI, ".."), join(apart.folder, "dist"), { recursive: true });
  const words = [join(apart.folder, "dist/cli.js"), "doctor", "--json", "--config", apart.settings];

  const here = doctor().find("core by snapshot");
  const { stdout } = spawnSync(process.execPath, words, { encoding: "utf8" });
  apart.remove();

  assert.match(here.detail, /^works: a trial stood for \d+\.\d ms$/);
  const elsewhere = DoctorResult.parse(JSON.parse(stdout)).checks.find(({ name }) => name === here.name);
  assert.deepEqual(elsewhere, {
    name: "core by snapshot",
    state: "warning",
    detail:
      "the package koffi is not installed, which calls ptrace(2): a target is stopped for as long as its core is read",
    fix: "npm install koffi beside exhibit",
  });
});

test("a snapshot that cannot be had on this machine is a warning, or nothing to warn of where gcore does it", async () => {
  const other = await checkSnapshot("linux", "arm64", 0);
  const illumos = await checkSnapshot("sunos", "x64", 0);

  assert.equal(other.state, "warning");
  assert.match(other.detail, /^not on arm64/);
  assert.equal(illumos.state, "skipped");
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

/** What doctor says of encryption and signature with these settings. */
function sealing(settings: string, env: NodeJS.ProcessEnv = {}) {
  const other = openSandbox(settings);
  const { find } = doctor({ env }, other);
  other.remove();
  return [find("encryption"), find("signature")] as const;
}

test("without a recipient it is a warning that cores can be read, with the line to add; required, it fails", () => {
  const [none, unsigned] = sealing("");
  const [required] = sealing("encrypt: {required: true}\n");
  const [quick] = sealing("capture: {profile: quick}\n");

  assert.deepEqual([none.state, unsigned.state, required.state], ["warning", "skipped", "failed"]);
  assert.equal(none.detail, "none: memory is kept and sent readable (core)");
  assert.match(none.fix ?? "", /^in \/etc\/exhibit\/exhibit\.yaml: encrypt: \{recipients: \[age1\.\.\.\]\}/);
  assert.equal(quick.state, "skipped");
});

test("recipients are tried: an age that does not know one fails, no age at all is slower or fails", () => {
  const { stderr } = spawnSync("age-keygen", [], { encoding: "utf8" });
  const x25519 = /age1\w+/.exec(stderr)?.[0] ?? assert.fail(stderr);
  const ssh = `ssh-ed25519 ${Buffer.concat([
    Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20", "latin1"),
    Buffer.alloc(32, 7),
  ]).toString("base64")}`;
  // Its form is right, but it is a point that age refuses (RFC 7748, 6.1).
  const lowOrder = bech32.encodeFromBytes("age", Buffer.alloc(32));
  const bare = { PATH: join(box.folder, "empty") };

  const [good] = sealing(`encrypt: {recipients: [${x25519}]}\n`);
  const [refused] = sealing(`encrypt: {recipients: [${x25519}, ${lowOrder}]}\n`);
  const [slower] = sealing(`encrypt: {recipients: [${x25519}]}\n`, bare);
  const [impossible] = sealing(`encrypt: {recipients: [${ssh}]}\n`, bare);

  assert.deepEqual([good.state, good.detail], ["ok", "cores to 1 recipient"]);
  assert.equal(refused.state, "failed");
  assert.ok(refused.detail.startsWith(lowOrder), refused.detail);
  assert.equal(slower.state, "warning");
  assert.match(slower.fix ?? "", / age$/);
  assert.equal(impossible.state, "failed");
  assert.match(impossible.detail, /age is not on this host, and only it encrypts to ssh keys/);
});

/** What doctor says of a signing key. */
function signedBy(path: string, env?: NodeJS.ProcessEnv) {
  return sealing(`sign: {key: ${path}}\n`, env)[1];
}

test("the signing key is tried: one with a passphrase, one that others may read, none, and no ssh-keygen fail", () => {
  const key = join(box.folder, "signing");
  const locked = join(box.folder, "locked");
  for (const [path, passphrase] of [
    [key, ""],
    [locked, "secret words"],
  ] as const)
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", path]);

  const good = signedBy(key);
  const cases = [signedBy(locked), signedBy(join(box.folder, "missing")), signedBy(`${key}.pub`)];
  const bare = signedBy(key, { PATH: join(box.folder, "empty") });
  chmodSync(key, 0o644);
  cases.push(signedBy(key));

  assert.equal(good.state, "ok");
  assert.match(good.detail, /^by SHA256:/);
  const said = cases.map(({ state, detail }) => `${state} ${detail.replace(/^\S+: /, "")}`);
  assert.deepEqual(said, [
    "failed the signing key has a passphrase, and nobody is there to type it",
    "failed the signing key cannot be read (ENOENT)",
    "failed is a public key, and only the private one signs",
    "failed others may read the signing key, so it is not used",
  ]);
  assert.equal(cases.at(-1)?.fix, `chmod 0600 ${key}`);
  assert.equal(bare.state, "failed");
  assert.match(bare.detail, /^ssh-keygen is not on this host/);
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

test("what no distribution has a package of is fetched as its own documentation says", () => {
  assert.equal(installLine("py-spy", "debian"), "pip install py-spy");
  assert.equal(installLine("jcmd", "debian"), "apt-get install -y default-jdk-headless");
});
