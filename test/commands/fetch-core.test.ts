// Slow: cores of 32 MiB are packed, encrypted and fetched by the built program.
// exhibit fetch --core from a directory store, with the real zstd and age.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FetchResult } from "../../src/commands/results/bundles.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { sealBundle, sha256, type Evidence } from "../helpers/sealed-bundle.ts";
import { changeManifest } from "../helpers/whole-bundle.ts";

const MIB = 1024 ** 2;
/** As cores are: mostly never touched. */
const CORE = Buffer.concat([randomBytes(MIB), Buffer.alloc(30 * MIB), randomBytes(MIB)]);
const PLAIN = { path: "evidence/core/core", bytes: CORE.length, sha256: sha256(CORE) };
const packed = (by: "zstd" | "gzip") => execFileSync(by, ["-c"], { input: CORE, maxBuffer: 64 * MIB });
const opening = (open: string) => JSON.stringify({ method: "snapshot", file: "core.zst", open });

/** A bundle in the store of a host of its own; `core` is the member that holds memory. */
function stored(
  t: TestContext,
  core: string,
  evidence: Evidence,
  more: Readonly<Record<string, unknown>> = {},
) {
  const box = openSandbox();
  t.after(box.remove);
  const sealed = sealBundle(join(box.folder, "sealed"), {
    evidence: { "evidence/logs/noise.txt": "noise\n", ...evidence },
  });
  changeManifest(sealed, (manifest) => ({
    ...manifest,
    files: manifest.files.map((file) =>
      file.path === core ? { ...file, sensitivity: "core", inZip: false, ...more } : file,
    ),
  }));
  cpSync(sealed.path, join(box.archive, "v1/INC-4211/cn14.example.test", sealed.captureId), {
    recursive: true,
  });
  const output = join(box.folder, "a folder");
  const folder = join(output, sealed.captureId);
  const fetchCore = () => {
    const { status, stdout, stderr } = box.run(["fetch", sealed.captureId, "--core", "-o", output, "--json"]);
    const result = status === 0 || stdout !== "" ? FetchResult.parse(JSON.parse(stdout)) : undefined;
    return { status, stderr, core: result?.cores?.[0], files: result?.files.map(({ path }) => path) };
  };
  return { box, id: sealed.captureId, output, folder, unpacked: `${folder}.unpacked`, fetchCore };
}

test("fetch --core brings the core alone, unpacks it to a sparse file and says what opens it", (t) => {
  const at = stored(t, "evidence/core/core.zst", {
    "evidence/core/core.zst": packed("zstd"),
    "evidence/core/core.json": opening("gdb /usr/bin/node core"),
  });
  const path = join(at.unpacked, "evidence/core/core");

  const shown = JSON.parse(at.box.run(["show", at.id, "--json"]).stdout);
  const first = at.fetchCore();
  const second = at.fetchCore();

  // In the store it cannot be opened: the line that brings it here.
  assert.deepEqual(shown.openCore, [`exhibit fetch ${at.id} --core`]);

  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual(first.files, ["evidence/core/core.zst", "evidence/core/core.json", "manifest.json"]);
  assert.deepEqual(first.core, {
    member: "evidence/core/core.zst",
    path,
    state: "unpacked",
    bytes: CORE.length,
    unpack: [],
    open: [`gdb /usr/bin/node '${path}'`, `llnode /usr/bin/node -c '${path}'`],
  });
  assert.ok(readFileSync(path).equals(CORE));
  assert.ok(statSync(path).blocks * 512 < 4 * MIB, "it is not sparse");
  assert.equal(statSync(path).mode & 0o077, 0, "others may read it");
  assert.equal(second.core?.state, "present");
  assert.deepEqual(readdirSync(join(at.folder, "evidence/core")).toSorted(), ["core.json", "core.zst"]);
});

test("what a core.json says is no command unless it is one of ours", (t) => {
  const at = stored(t, "evidence/core/core.gz", {
    "evidence/core/core.gz": packed("gzip"),
    "evidence/core/core.json": opening("gdb $(reboot) core"),
  });

  const { status, core } = at.fetchCore();

  assert.deepEqual([status, core?.state, core?.open], [0, "unpacked", []]);
  assert.ok(readFileSync(join(at.unpacked, "evidence/core/core")).equals(CORE));
});

test("a core that unpacks to something else than the manifest says gets no name", (t) => {
  const wrong = { ...PLAIN, sha256: sha256("another") };
  const at = stored(
    t,
    "evidence/core/core.zst",
    { "evidence/core/core.zst": packed("zstd") },
    { plain: wrong },
  );

  const { status, core, stderr } = at.fetchCore();

  assert.deepEqual([status, core?.state], [1, "packed"]);
  assert.match(stderr, /core\.zst: what was unpacked has \d+ bytes and sha256 .* as the manifest says/);
  assert.deepEqual(readdirSync(join(at.unpacked, "evidence/core")), []);
});

test("a core that zstd cannot read is named, and what was fetched stays", (t) => {
  const at = stored(t, "evidence/core/core.zst", { "evidence/core/core.zst": "no core" });

  const { status, stderr } = at.fetchCore();

  assert.equal(status, 1);
  assert.match(stderr, /evidence\/core\/core\.zst: zstd: the core stays packed: .*unsupported format/);
  assert.ok(existsSync(join(at.folder, "evidence/core/core.zst")));
});

test("of an encrypted core the commands are printed that unpack and check it", (t) => {
  const keys = openSandbox();
  t.after(keys.remove);
  const key = join(keys.folder, "key");
  execFileSync("age-keygen", ["-o", key], { stdio: "ignore" });
  const recipient = /age1\w+/.exec(readFileSync(key, "utf8"))?.[0] ?? "";
  const sealedCore = execFileSync("age", ["-r", recipient], { input: packed("zstd"), maxBuffer: 64 * MIB });
  const evidence = { "evidence/core/core.zst.age": sealedCore };
  const at = stored(t, "evidence/core/core.zst.age", evidence, { plain: PLAIN });

  const { status, core } = at.fetchCore();
  const script = join(keys.folder, "unpack.sh");
  writeFileSync(script, `set -e\n${core?.unpack.join("\n").replace("KEY", key)}\n`);
  const typed = spawnSync("sh", [script], { encoding: "utf8" });

  assert.deepEqual([status, core?.state], [0, "encrypted"]);
  assert.equal(typed.status, 0, typed.stderr);
  assert.match(typed.stdout, /: OK\n$/);
});

test("--core of a bundle without one is an error that says so", (t) => {
  const at = stored(t, "", {});

  const { status, stderr } = at.fetchCore();

  assert.equal(status, 1);
  assert.match(stderr, /holds no core/);
});
