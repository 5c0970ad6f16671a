import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../src/errors.ts";
import { compressCore } from "../../src/core/compress.ts";
import { mountSmall } from "../helpers/mounted.ts";
import { programOfText } from "../helpers/program.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-compress-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

/** What cores are: much of nothing, some of everything. */
const CORE = Buffer.concat([Buffer.alloc(3_000_000), randomBytes(400_000), Buffer.alloc(1_000_000, "heap")]);

function coreIn(folder = join(root, String(++count)), data = CORE): { folder: string; path: string } {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "core");
  writeFileSync(path, data);
  return { folder, path };
}

/** What `program` makes of a compressed file. */
function decoded(program: string, path: string): Buffer {
  const { status, stdout } = spawnSync(program, ["-dc", path], { maxBuffer: 64 * 1024 ** 2 });
  assert.equal(status, 0);
  return stdout;
}

test("a core is kept as .zst, which zstd alone decodes, and the plain one is gone", async () => {
  const { folder, path } = coreIn();

  const packed = await compressCore(path);

  assert.equal(packed, `${path}.zst`);
  assert.deepEqual(readdirSync(folder), ["core.zst"]);
  assert.ok(decoded("zstd", packed).equals(CORE));
  assert.ok(statSync(packed).size < CORE.length / 5);
});

test("the torn .zst of a seal that was interrupted is replaced", async () => {
  const { folder, path } = coreIn();
  writeFileSync(`${path}.zst`, "torn");

  const packed = await compressCore(path);

  assert.deepEqual(readdirSync(folder), ["core.zst"]);
  assert.ok(decoded("zstd", packed).equals(CORE));
});

test("an empty core stays one", async () => {
  const { path } = coreIn(undefined, Buffer.alloc(0));

  const packed = await compressCore(path);

  assert.equal(decoded("zstd", packed).length, 0);
});

test("what was compressed is for its owner alone", async () => {
  const { path } = coreIn();
  spawnSync("chmod", ["600", path]);

  const packed = await compressCore(path);

  assert.equal(statSync(packed).mode & 0o777, 0o600);
});

test("on a full disk the core stays as it is, and the error says so", async () => {
  const small = join(root, "small");
  const unmount = mountSmall(small, 5 * 1024 ** 2);
  try {
    const incompressible = randomBytes(3 * 1024 ** 2);
    const { path } = coreIn(small, incompressible);

    await assert.rejects(compressCore(path), (error: unknown) => {
      assert.ok(error instanceof CommandError);
      assert.match(error.message, /^zstd: the core stays uncompressed: /);
      return true;
    });

    assert.ok(readFileSync(path).equals(incompressible));
  } finally {
    unmount();
  }
});

test("a core that is not there is an error, and nothing is made", async () => {
  const { folder, path } = coreIn();
  rmSync(path);

  await assert.rejects(compressCore(path), CommandError);

  assert.deepEqual(readdirSync(folder), []);
});

test("without zstd on the host it is gzip, and the name says so", () => {
  const { folder, path } = coreIn();
  const module = fileURLToPath(new URL("../../src/core/compress.ts", import.meta.url));
  const [node, program] = programOfText(`import { compressCore } from ${JSON.stringify(module)};
    console.log(await compressCore(${JSON.stringify(path)}));`);

  const done = spawnSync(node, [program], {
    encoding: "utf8",
    env: { ...process.env, PATH: "/nonexistent" },
  });

  assert.equal(done.stdout, `${path}.gz\n`, done.stderr);
  assert.deepEqual(readdirSync(folder), ["core.gz"]);
  assert.ok(decoded("gzip", `${path}.gz`).equals(CORE));
  assert.equal(statSync(`${path}.gz`).mode & 0o777, 0o600);
});
