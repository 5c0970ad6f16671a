// Slow: kills or strangers by the hundred; not part of npm run test:quick.
// Sealing with recipients, killed at any moment: nothing readable is lost before it is encrypted, nothing half-written
// counts, and the next command finishes the work.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { Manifest } from "../../src/bundle/manifest.ts";
import { verifyBundle } from "../../src/bundle/verify.ts";
import { recoverSpool } from "../../src/capture/recover.ts";
import type { SealingSettings } from "../../src/capture/seal.ts";
import { programOf } from "../helpers/program.ts";
import { captureFile, captureId, sha256 } from "../helpers/sealed-bundle.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-protect-"));
after(() => rmSync(root, { recursive: true }));
const identity = join(root, "identity");
const recipient =
  /age1\w+/.exec(spawnSync("age-keygen", ["-o", identity], { encoding: "utf8" }).stderr)?.[0] ?? "";
const signingKey = join(root, "signing");
spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", signingKey]);
let count = 0;

const CORE = "evidence/core/core";
const TEXT = "evidence/process/status.txt";

function sealing(everything = false): SealingSettings {
  return {
    encrypt: { recipients: [recipient], everything, required: false },
    sign: { key: signingKey, identity: null, allowedSigners: null },
    services: [],
  };
}

/** What a capture that was killed before its seal leaves. */
function leave(evidence: Readonly<Record<string, string | Buffer>>, journal: readonly object[] = []) {
  const spool = join(root, `spool-${++count}`);
  const id = captureId(randomBytes(3).toString("hex"));
  const folder = join(spool, id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "capture.json"), JSON.stringify(captureFile(id)));
  for (const [path, data] of Object.entries(evidence)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  }
  const lines = [{ kind: "core", file: CORE }, ...journal].map((entry) => `${JSON.stringify(entry)}\n`);
  writeFileSync(join(spool, `${id}.journal.jsonl`), lines.join(""));
  writeFileSync(join(spool, `${id}.secrets.json`), JSON.stringify({ key: "0".repeat(64), values: [] }));
  return { spool, id, folder };
}

const recover = (spool: string, everything = false) =>
  recoverSpool(spool, () => "file:///x", sealing(everything));

const manifestIn = (folder: string) =>
  Manifest.parse(JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")));

function decrypted(path: string): Buffer {
  const { status, stdout, stderr } = spawnSync("age", ["-d", "-i", identity, path], { maxBuffer: 1024 ** 3 });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

const unpacked = (data: Buffer) => spawnSync("zstd", ["-dc"], { input: data, maxBuffer: 1024 ** 3 }).stdout;

/** The bundle is whole and signed; its core is this one, and only encrypted. */
async function assertSealed(folder: string, core: Buffer): Promise<Manifest> {
  assert.deepEqual((await verifyBundle(folder)).faults, []);
  const manifest = manifestIn(folder);
  assert.deepEqual(readdirSync(join(folder, "evidence/core")), ["core.zst.age"]);
  assert.ok(unpacked(decrypted(join(folder, `${CORE}.zst.age`))).equals(core));
  const file = manifest.files.find(({ path }) => path === `${CORE}.zst.age`);
  assert.deepEqual(file?.plain, { path: CORE, bytes: core.length, sha256: sha256(core) });
  assert.deepEqual([file?.sensitivity, file?.inZip], ["core", false]);
  const signed = spawnSync(
    "ssh-keygen",
    ["-Y", "check-novalidate", "-n", "exhibit", "-s", join(folder, "manifest.json.sig")],
    { input: readFileSync(join(folder, "manifest.json")) },
  );
  assert.equal(signed.status, 0);
  return manifest;
}

test("a plain core that a killed capture left is encrypted by the next command", async () => {
  const core = randomBytes(200_000);
  const { spool, id, folder } = leave({ [CORE]: core, [TEXT]: "Name:\tnode\n" });

  assert.deepEqual(await recover(spool), [{ captureId: id, state: "sealed" }]);

  await assertSealed(folder, core);
});

test("whatever a killed seal left half-made is made anew", async () => {
  const core = randomBytes(200_000);
  const torn = [
    `${CORE}.zst`,
    `${CORE}.zst.age`,
    `${CORE}.gz.age`,
    "evidence/core/.core.zst.age.0123456789ab.tmp",
  ];
  for (const path of torn) {
    const { spool, folder } = leave({ [CORE]: core, [path]: "torn" });

    await recover(spool);

    await assertSealed(folder, core);
  }
});

test("a core that an earlier seal had packed is encrypted as it is, and is told as packed", async () => {
  const core = randomBytes(100_000);
  const packed = spawnSync("zstd", ["-c"], { input: core }).stdout;
  const { spool, folder } = leave({ [`${CORE}.zst`]: packed });

  await recover(spool);

  const [file] = manifestIn(folder).files.filter(({ sensitivity }) => sensitivity === "core");
  assert.equal(file?.plain?.path, `${CORE}.zst`);
  assert.ok(unpacked(decrypted(join(folder, `${CORE}.zst.age`))).equals(core));
});

test("of what was encrypted before a kill the journal tells what it was", async () => {
  const first = leave({ [CORE]: randomBytes(1000), [TEXT]: "Name:\tnode\n" });
  await recover(first.spool, true);
  const before = manifestIn(first.folder).files.filter(({ encryption }) => encryption !== undefined);
  const journal = before.map(({ path: file, encryption, plain }) => ({
    kind: "encrypted",
    file,
    encryption,
    plain,
  }));
  const evidence = before.map(({ path }) => [path, readFileSync(join(first.folder, path))] as const);
  const { spool, folder } = leave(Object.fromEntries(evidence), journal);

  await recover(spool, true);

  assert.equal(before.length, 2);
  assert.deepEqual(
    manifestIn(folder).files.filter(({ encryption }) => encryption !== undefined),
    before,
  );
});

test("kill -9 at any moment of a seal loses nothing, leaves nothing torn, and the next command finishes it", async () => {
  const [node, program] = programOf(new URL("../helpers/recover-on-demand.ts", import.meta.url).pathname);
  const core = randomBytes(8 * 1024 ** 2);
  let killedBefore = 0;
  for (let round = 0; round < 8; round++) {
    const { spool, folder } = leave({ [CORE]: core, [TEXT]: "Name:\tnode\n" });
    const child = spawn(node, [program, JSON.stringify(sealing(true))], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    child.stdin.write(`${spool}\n`);
    // A seal of this takes about half a second; on a busy host more of the rounds end early.
    const ended = once(child, "exit");
    const killer = setTimeout(() => child.kill("SIGKILL"), round * 40);
    await Promise.race([ended, once(child.stdout, "data")]);
    clearTimeout(killer);
    child.kill("SIGKILL");
    await ended;
    if (existsSync(join(folder, "manifest.json"))) await assertSealed(folder, core);
    else killedBefore++;

    await recover(spool, true);

    await assertSealed(folder, core);
    assert.equal(decrypted(join(folder, `${TEXT}.age`)).toString(), "Name:\tnode\n");
    assert.deepEqual(
      readdirSync(join(folder, "evidence/process")).concat(
        readdirSync(spool).filter((name) => name.endsWith(".tmp")),
      ),
      ["status.txt.age"],
    );
  }
  assert.ok(killedBefore >= 3, `only ${killedBefore} of 8 rounds were killed before the manifest`);
});
