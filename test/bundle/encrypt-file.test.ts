// Together: PATH is put back before the next test.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
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
import { join } from "node:path";
import { after, test } from "node:test";
import { encryptFile } from "../../src/bundle/encrypt-file.ts";
import { mountSmall } from "../helpers/mounted.ts";
import { sha256 } from "../helpers/sealed-bundle.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-encrypt-"));
after(() => rmSync(root, { recursive: true }));
const PATH = process.env.PATH ?? "";
let count = 0;

function makeKey(): { readonly path: string; readonly recipient: string } {
  const path = join(root, `key-${++count}`);
  const { stderr } = spawnSync("age-keygen", ["-o", path], { encoding: "utf8" });
  return { path, recipient: /age1\w+/.exec(stderr)?.[0] ?? assert.fail(stderr) };
}

const key = makeKey();

function fileWith(data: Buffer, folder = join(root, `folder-${++count}`)): { folder: string; path: string } {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "core");
  writeFileSync(path, data);
  return { folder, path };
}

function opened(path: string, identity: string): Buffer {
  const { status, stdout, stderr } = spawnSync("age", ["-d", "-i", identity, path], { maxBuffer: 1024 ** 3 });
  assert.equal(status, 0, stderr.toString());
  return stdout;
}

/** With nothing on PATH but these scripts: what the host lacks. */
async function withTools<T>(scripts: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const bin = join(root, `bin-${++count}`);
  mkdirSync(bin);
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  process.env.PATH = bin;
  try {
    return await work();
  } finally {
    process.env.PATH = PATH;
  }
}

test("files of every length around a chunk are opened by age, whether age or the package encrypted them", async () => {
  for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000]) {
    const data = randomBytes(length);
    const { folder, path } = fileWith(data);
    const options = { recipients: [key.recipient], pack: false };

    const byAge = await encryptFile(path, options);
    const first = opened(byAge.path, key.path);
    const byPackage = await withTools({}, () => encryptFile(path, options));
    const second = opened(byPackage.path, key.path);

    assert.ok(first.equals(data) && second.equals(data), String(length));
    const made = { path: `${path}.age`, plain: { bytes: length, sha256: sha256(data) } };
    assert.deepEqual({ ...byAge, stored: undefined }, { ...made, stored: undefined });
    assert.deepEqual({ ...byPackage, stored: undefined }, { ...made, stored: undefined });
    const now = readFileSync(byPackage.path);
    assert.deepEqual(byPackage.stored, { bytes: now.length, sha256: sha256(now) });
    assert.deepEqual(readdirSync(folder), ["core", "core.age"]);
  }
});

test("each of several recipients opens it alone, an ssh key too; a stranger does not", async () => {
  const ssh = join(root, "ssh");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", ssh]);
  const second = makeKey();
  const recipients = [key.recipient, second.recipient, readFileSync(`${ssh}.pub`, "utf8").trim()];
  const data = randomBytes(100_000);
  const { path } = fileWith(data);

  const made = await encryptFile(path, { recipients, pack: false });

  for (const identity of [key.path, second.path, ssh]) assert.ok(opened(made.path, identity).equals(data));
  assert.notEqual(spawnSync("age", ["-d", "-i", makeKey().path, made.path]).status, 0);
});

test("packed by zstd, or by gzip where there is none; the digest is that of the file before", async () => {
  const data = Buffer.concat([Buffer.alloc(3_000_000), randomBytes(200_000)]);
  const { path } = fileWith(data);
  const options = { recipients: [key.recipient], pack: true };

  const zstd = await encryptFile(path, options);
  const gzip = await withTools({}, () => encryptFile(path, options));

  assert.deepEqual([zstd.path, gzip.path], [`${path}.zst.age`, `${path}.gz.age`]);
  for (const [made, unpack] of [
    [zstd, "zstd"],
    [gzip, "gzip"],
  ] as const) {
    const { stdout } = spawnSync(unpack, ["-dc"], {
      input: opened(made.path, key.path),
      maxBuffer: 1024 ** 3,
    });
    assert.ok(stdout.equals(data));
    assert.deepEqual(made.plain, { bytes: data.length, sha256: sha256(data) });
  }
});

test("an ssh key without age on the host is refused in one sentence, and nothing is made", async () => {
  const ssh = join(root, "ssh-alone");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", ssh]);
  const { folder, path } = fileWith(Buffer.from("x"));
  const recipients = [readFileSync(`${ssh}.pub`, "utf8").trim()];

  await assert.rejects(
    withTools({}, () => encryptFile(path, { recipients, pack: false })),
    /^CommandError: age is not on this host, and only it encrypts to ssh keys$/,
  );

  assert.deepEqual(readdirSync(folder), ["core"]);
});

test("an age or a zstd that fails, is killed, or ends early with success leaves no .age and the file as it was", async () => {
  const whole = `${spawnSync("which", ["age"], { encoding: "utf8" }).stdout.trim()} "$@"`;
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ age: "echo no luck >&2; exit 3" }, /age: exit status 3: no luck/],
    [{ age: "kill -KILL $$" }, /age: ended by SIGKILL/],
    [{ age: "exit 0" }, /age: ended before it had read everything/],
    [{ age: `${whole} < /dev/null; /bin/cat > /dev/null` }, /age: made \d+ bytes where \d+ were due/],
    [{ age: whole, zstd: "echo full >&2; exit 1" }, /zstd: exit status 1: full/],
  ];
  for (const [scripts, expected] of cases) {
    const data = randomBytes(2_000_000);
    const { folder, path } = fileWith(data);

    const options = { recipients: [key.recipient], pack: scripts["zstd"] !== undefined };
    await assert.rejects(
      withTools(scripts, () => encryptFile(path, options)),
      (error: Error) => {
        assert.match(error.message, expected);
        return true;
      },
    );

    assert.deepEqual(readdirSync(folder), ["core"], String(expected));
    assert.ok(readFileSync(path).equals(data));
  }
});

test("on a full disk the file stays as it is, and nothing half-written beside it", async () => {
  const small = join(root, "small");
  const unmount = mountSmall(small, 5 * 1024 ** 2);
  try {
    const { path } = fileWith(randomBytes(3 * 1024 ** 2), small);

    await assert.rejects(encryptFile(path, { recipients: [key.recipient], pack: true }), /ENOSPC/);

    assert.deepEqual(readdirSync(small), ["core"]);
  } finally {
    unmount();
  }
});

test("what a kill left half-written of the same file is removed, of another it is left", async () => {
  const { folder, path } = fileWith(randomBytes(1000));
  writeFileSync(join(folder, ".core.zst.age.0123456789ab.tmp"), "torn");
  writeFileSync(join(folder, ".other.age.0123456789ab.tmp"), "torn");

  await encryptFile(path, { recipients: [key.recipient], pack: false });

  assert.deepEqual(readdirSync(folder).toSorted(), [".other.age.0123456789ab.tmp", "core", "core.age"]);
  assert.ok(!existsSync(join(folder, ".core.zst.age.0123456789ab.tmp")));
});
