// Signature and encryption on real captures: what is made opens and verifies with the tools everybody has, and nothing
// sensitive is anywhere readable.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { VerifyResult } from "../../src/commands/results/bundles.ts";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";

const CANARY = `canary-${process.pid}-in-memory`;
const keys = openSandbox();
const boxes: Sandbox[] = [keys];
let target: Started;
let recipient = "";
const identityPath = join(keys.folder, "identity");
const signingKey = join(keys.folder, "signing");
const signers = join(keys.folder, "signers");

function tool(argv: readonly [string, ...string[]], options: { cwd?: string; input?: Buffer } = {}): Buffer {
  const [command, ...args] = argv;
  const done = spawnSync(command, args, { ...options, maxBuffer: 1024 ** 3 });
  assert.equal(
    done.status,
    0,
    `${argv.join(" ")}: ${done.stderr.toString()}${done.stdout.toString().slice(-500)}`,
  );
  return done.stdout;
}

function boxWith(settings: string): Sandbox {
  const box = openSandbox(settings);
  boxes.push(box);
  return box;
}

const encryptTo = (more = "") => `encrypt: {recipients: [${recipient}]${more}}\n`;
const sha256 = (data: Buffer) => createHash("sha256").update(data).digest("hex");

/** A process of 1 MB with a word in its memory. */
before(async () => {
  target = await start({ after: () => undefined }, [
    "sh",
    "-c",
    `word=${CANARY}; echo up; while read line; do :; done`,
  ]);
  recipient =
    /age1\w+/.exec(spawnSync("age-keygen", ["-o", identityPath], { encoding: "utf8" }).stderr)?.[0] ?? "";
  tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", signingKey]);
  writeFileSync(signers, `cn14 ${readFileSync(`${signingKey}.pub`, "utf8")}`);
});
after(async () => {
  await end(target.child);
  for (const box of boxes) box.remove();
});

function capture(box: Sandbox, only: string, options: { status?: number; env?: NodeJS.ProcessEnv } = {}) {
  const result = box.run(
    ["capture", "--pid", String(target.pid), "--only", only, "-b", "30s"],
    options.env ? { env: options.env } : {},
  );
  assert.equal(result.status, options.status ?? 0, result.stderr);
  return { folder: join(box.spool, box.ids().at(-1) ?? ""), manifest: box.manifest(), stderr: result.stderr };
}

/** Every file below a folder. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("a signed bundle with an encrypted core opens and verifies by sha256sum, unzip, ssh-keygen, age, zstd and gdb alone", () => {
  const box = boxWith(`${encryptTo()}sign: {key: ${signingKey}, identity: cn14}\n`);

  const { manifest } = capture(box, "process,core");
  const stored = box.receipt().uploads[0]?.url ?? assert.fail("it was not stored");

  // From here on what the store holds, and no word of ours.
  tool(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], { cwd: stored });
  tool(["unzip", "-tq", "bundle.zip"], { cwd: stored });
  const signed = readFileSync(join(stored, "manifest.json"));
  const verify = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", "cn14", "-n", "exhibit"] as const;
  tool([...verify, "-s", "manifest.json.sig"], { cwd: stored, input: signed });
  const core = join(box.folder, "core");
  const packed = tool(["age", "-d", "-i", identityPath, "evidence/core/core.zst.age"], { cwd: stored });
  writeFileSync(core, tool(["zstd", "-d"], { input: packed }));
  const gdb = tool(["gdb", "--batch", "-nx", "-ex", "info threads", "/bin/sh", core]).toString();
  assert.match(gdb, /\* 1 /);
  assert.ok(readFileSync(core).includes(CANARY));

  const file = manifest.files.find(({ sensitivity }) => sensitivity === "core") ?? assert.fail();
  assert.equal(file.path, "evidence/core/core.zst.age");
  assert.deepEqual(file.encryption, { method: "age", recipients: [recipient] });
  // The core was packed while it was taken: that is what was encrypted.
  assert.deepEqual(file.plain, {
    path: "evidence/core/core.zst",
    bytes: packed.length,
    sha256: sha256(packed),
  });
  const fingerprint = tool(["ssh-keygen", "-l", "-f", `${signingKey}.pub`])
    .toString()
    .split(" ")[1];
  assert.deepEqual(manifest.signing, { key: fingerprint, identity: "cn14" });
  const line = `age -d -i KEY evidence/core/core.zst.age | zstd -d > evidence/core/core`;
  const show = box.run(["show", "last"]).stdout;
  assert.match(show, /age -d -i KEY \S+core\.zst\.age \| zstd -d --sparse -o core$/m);
  assert.match(show, new RegExp(`^Signature signed by cn14, ${fingerprint?.replaceAll("+", "\\+")}$`, "m"));
  assert.ok(box.read("report.html").includes(line.replace(">", "&gt;")));
  assert.match(
    box.run(["note", "last"]).stdout,
    /signed by cn14, SHA256:\S+, 1 file encrypted to 1 recipient/,
  );
});

test("with a recipient nothing in spool, store or zip holds memory that can be read; without one the zip and the note do not", () => {
  const own = `collectors:
  writes: {summary: ours, argv: [sh, -c, 'printf %s ${CANARY} > "$1"', x, "{out}"], sensitive: [core]}
  prints: {summary: ours, argv: [printf, "${CANARY}"], sensitive: [core]}
`;
  for (const recipients of ["", encryptTo()]) {
    const box = boxWith(recipients + own);

    const { folder, manifest } = capture(box, "process,core,writes,prints");

    const memory = manifest.files.filter(({ sensitivity }) => sensitivity === "core");
    const suffix = recipients === "" ? ".zst" : ".zst.age";
    assert.deepEqual(
      memory.map(({ path }) => path),
      ["core/core", "prints/stdout.txt", "writes/out", "writes/stdout.txt"].map(
        (path) => `evidence/${path}${suffix}`,
      ),
    );
    assert.ok(memory.every(({ inZip }) => !inZip));
    const listed = tool(["unzip", "-Z1", join(folder, "bundle.zip")]).toString();
    assert.doesNotMatch(listed, /\.zst|\.age|stdout\.txt$|\/out$|core\/core(?!\.json)/m);
    const unzipped = join(box.folder, "unzipped");
    tool(["unzip", "-q", join(folder, "bundle.zip"), "-d", unzipped]);
    // The word is in the arguments of the target and of our own collectors, which are told as they are.
    const told = new RegExp(`(?:sh|-c|printf|word)[^\\n]*${CANARY}`);
    const open = [
      ...filesBelow(unzipped),
      ...(recipients === "" ? [] : [...filesBelow(folder), ...filesBelow(box.archive)]),
    ];
    for (const path of open) {
      const text = readFileSync(path).toString("latin1");
      if (path.endsWith(".zst.age")) assert.ok(text.startsWith("age-encryption.org/v1\n"), path);
      assert.ok(!text.includes(CANARY) || told.test(text), path);
      assert.ok(!path.endsWith(".zst"), path);
    }
  }
});

test("with everything: true no evidence can be read, and what can is what the settings say", () => {
  const box = boxWith(encryptTo(", everything: true"));

  const { folder, manifest } = capture(box, "process,open-files");

  const readable = filesBelow(folder).filter((path) => !path.endsWith(".age"));
  assert.deepEqual(readable.map((path) => path.slice(folder.length + 1)).toSorted(), [
    "SHA256SUMS",
    "bundle.zip",
    "capture.json",
    "manifest.json",
    "note.md",
    "report.html",
  ]);
  for (const { path, plain } of manifest.files.filter((file) => file.encryption !== undefined)) {
    const opened = tool(["age", "-d", "-i", identityPath, join(folder, path)]);
    assert.deepEqual(plain, {
      path: path.replace(/\.age$/, ""),
      bytes: opened.length,
      sha256: sha256(opened),
    });
  }
  assert.ok(manifest.files.some(({ path }) => path === "evidence/first-look/proc.jsonl.age"));
  const loop = box
    .run(["show", "last"])
    .stdout.split("\n")
    .find((line) => line.includes("find evidence"));
  const copy = join(box.folder, "copy");
  cpSync(folder, copy, { recursive: true });
  tool(["sh", "-c", loop?.replaceAll("KEY", identityPath) ?? ""], { cwd: copy });
  assert.match(readFileSync(join(copy, "evidence/process/status.txt"), "utf8"), /^Name:\tsh$/m);
  assert.equal(box.run(["verify", "last"]).status, 0);
});

test("on a host without age the core is encrypted all the same, and age opens it", () => {
  const box = boxWith(encryptTo());
  const bin = join(box.folder, "bin");
  mkdirSync(bin);
  for (const name of ["gdb", "zstd", "sh", "cat", "flock", "sleep", "kill", "ps"]) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
    if (found.startsWith("/")) symlinkSync(found, join(bin, name));
  }

  const { folder } = capture(box, "core", { env: { PATH: bin } });

  const core = tool(["sh", "-c", `age -d -i ${identityPath} ${folder}/evidence/core/core.zst.age | zstd -d`]);
  assert.ok(core.includes(CANARY));
});

test("encrypt.required without a recipient takes no core, stops nothing, and says why", () => {
  const box = boxWith("encrypt: {required: true}\n");

  const { manifest } = capture(box, "process,core", { status: 3 });

  const core = manifest.collectors.find(({ name }) => name === "core");
  assert.deepEqual([core?.status, manifest.pausedMs], ["skipped", 0]);
  assert.match(core?.reason ?? "", /^holds memory, which cannot be encrypted here: no recipient is set/);
});

test("when age fails in the middle the core leaves this host only if it may: with required it stays in .withheld, and both say so", () => {
  for (const required of [true, false]) {
    const box = boxWith(encryptTo(`, required: ${required}`));
    const bin = join(box.folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "age"), "#!/bin/sh\nhead -c 1000\necho no luck >&2\nexit 1\n", { mode: 0o755 });

    const { folder, manifest, stderr } = capture(box, "process,core", {
      status: 3,
      env: { PATH: `${bin}:${process.env.PATH}` },
    });

    const kept = join(box.spool, ".withheld", manifest.captureId, "evidence/core/core.zst");
    assert.equal(existsSync(kept), required);
    assert.match(stderr, /core partial: core\.zst could not be encrypted: age: exit status 1: no luck/);
    const sent = filesBelow(box.archive).filter((path) => /\/core\/core(?!\.json)/.test(path));
    assert.deepEqual(
      sent.map((path) => path.split("/").at(-1)),
      required ? [] : ["core.zst"],
    );
    if (required) assert.ok(tool(["zstd", "-dc", kept]).includes(CANARY));
    if (required) assert.ok(manifest.collectors.find(({ name }) => name === "core")?.reason?.endsWith(kept));
    assert.deepEqual(
      readdirSync(join(folder, "evidence/core")).filter(
        (name) => name.endsWith(".age") || name.startsWith("."),
      ),
      [],
    );
    assert.equal(box.run(["verify", "last"]).status, 0);
    assert.equal(box.run(["ls", "-q"]).stdout, `${manifest.captureId}\n`);
  }
});

test("a key that cannot sign costs the signature alone: the mitigation runs, the bundle is sealed, and says why", () => {
  const passphrase = join(keys.folder, "passphrase");
  tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-f", passphrase]);
  const cases: readonly (readonly [string, RegExp])[] = [
    [passphrase, /the signing key has a passphrase, and nobody is there to type it/],
    [join(keys.folder, "none"), /the signing key cannot be read \(ENOENT\)/],
    [signers, /others may read the signing key|is no OpenSSH private key/],
  ];
  for (const [key, why] of cases) {
    const box = boxWith(`sign: {key: ${key}}\n`);

    const result = box.run([
      "guard",
      "--pid",
      String(target.pid),
      "--only",
      "process",
      "-b",
      "10s",
      "--",
      "sh",
      "-c",
      "exit 7",
    ]);

    assert.equal(result.status, 7, result.stderr);
    assert.match(result.stderr, why);
    assert.match(box.manifest().signing?.failed ?? "", why);
    assert.ok(!existsSync(join(box.spool, box.ids()[0] ?? "", "manifest.json.sig")));
    const verified = box.run(["verify", "last"]);
    assert.equal(verified.status, 0);
    assert.match(verified.stdout, why);
    assert.equal(box.run(["verify", "last", "--require-signature"]).status, 1);
  }
});

/** What is done to a copy of a bundle. */
const nothing = () => undefined;
const edit = (copy: string) => {
  const path = join(copy, "manifest.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"host": {', '"host":  {'));
};
const strip = (copy: string) => rmSync(join(copy, "manifest.json.sig"));
const garbage = (copy: string) => writeFileSync(join(copy, "manifest.json.sig"), "no signature");

test("verify tells by whom a bundle is signed, and whatever was done to manifest or signature", () => {
  const box = boxWith(`sign: {key: ${signingKey}, identity: cn14}\n`);
  const { folder } = capture(box, "process");
  capture(box, "process");
  const other = join(box.spool, box.ids().at(-1) ?? "");
  const mallory = join(keys.folder, "mallory");
  tool(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", mallory]);
  const verify = (tamper: (copy: string) => void, ...flags: readonly string[]) => {
    const copy = join(box.folder, "copy");
    cpSync(folder, copy, { recursive: true });
    tamper(copy);
    const { status, stdout } = box.run(["verify", `${copy}/`, "--json", ...flags]);
    rmSync(copy, { recursive: true });
    const { signature, faults } = VerifyResult.parse(JSON.parse(stdout));
    return [status, signature?.state, faults.map(({ path, fault }) => `${path} ${fault}`).join()];
  };
  const allowed = ["--allowed-signers", signers];
  const strangers = join(keys.folder, "strangers");
  writeFileSync(strangers, `mallory ${readFileSync(`${mallory}.pub`, "utf8")}`);
  const asOther = join(keys.folder, "as-other");
  writeFileSync(asOther, `cn15 ${readFileSync(`${signingKey}.pub`, "utf8")}`);
  const resign = (copy: string) => {
    strip(copy);
    tool(["ssh-keygen", "-q", "-Y", "sign", "-f", mallory, "-n", "exhibit", join(copy, "manifest.json")]);
  };
  const elsewhere = (copy: string) => {
    strip(copy);
    tool(["ssh-keygen", "-q", "-Y", "sign", "-f", signingKey, "-n", "git", join(copy, "manifest.json")]);
  };
  const swap = (copy: string) => cpSync(join(other, "manifest.json.sig"), join(copy, "manifest.json.sig"));
  const link = (copy: string) => {
    strip(copy);
    symlinkSync(join(folder, "manifest.json.sig"), join(copy, "manifest.json.sig"));
  };
  const bad = [1, "bad", "manifest.json.sig signature"];

  assert.deepEqual(verify(nothing, ...allowed, "--require-signature"), [0, "good", ""]);
  assert.deepEqual(verify(nothing), [0, "unknown-signer", ""]);
  assert.deepEqual(verify(nothing, "--allowed-signers", strangers), [0, "unknown-signer", ""]);
  const required = verify(nothing, "--allowed-signers", strangers, "--require-signature");
  assert.deepEqual(required, [1, "unknown-signer", "manifest.json.sig signature"]);
  assert.deepEqual(verify(nothing, "--allowed-signers", asOther), bad);
  for (const tamper of [edit, strip, resign, elsewhere, swap, garbage, link])
    assert.deepEqual([tamper.name, ...verify(tamper, ...allowed)], [tamper.name, ...bad]);
  for (const tamper of [edit, strip, resign, swap])
    assert.deepEqual([tamper.name, ...verify(tamper)], [tamper.name, ...bad]);
  const { stdout } = box.run(["verify", `${folder}/`, ...allowed]);
  assert.match(stdout, /^intact .*\n.*\n +signed by cn14 \(SHA256:\S+\)\n$/);
});
