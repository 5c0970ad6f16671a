import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  createFile,
  createFileSync,
  fsyncFile,
  isTemporaryName,
  makeFolder,
  temporaryName,
  writeFileDurable,
} from "../../src/host/files.ts";
import { mountSmall } from "../helpers/mounted.ts";

const root = mkdtempSync(join(tmpdir(), "exhibit-files-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

function folder(): string {
  const path = join(root, String(++count));
  mkdirSync(path);
  return path;
}

/** Looks again and again until the work is done. */
async function during(work: Promise<void>, look: () => void): Promise<void> {
  const done = work.then(() => true);
  while (!(await Promise.race([done, turn(false)]))) look();
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("a file is there whole, for its owner alone, and nothing else is left", async () => {
  const at = folder();

  await writeFileDurable(join(at, "file"), "text");
  await writeFileDurable(join(at, "file"), Buffer.from([0, 255]));

  assert.deepEqual([...readFileSync(join(at, "file"))], [0, 255]);
  assert.equal(modeOf(join(at, "file")), 0o600);
  assert.deepEqual(readdirSync(at), ["file"]);
});

test("exclusive, a file is never written over another, nor over a link to nowhere", async () => {
  const at = folder();
  await writeFileDurable(join(at, "file"), "first", { exclusive: true });
  symlinkSync(join(at, "nowhere"), join(at, "link"));

  for (const name of ["file", "link"])
    await assert.rejects(writeFileDurable(join(at, name), "second", { exclusive: true }), { code: "EEXIST" });

  assert.equal(readFileSync(join(at, "file"), "utf8"), "first");
  assert.deepEqual(readdirSync(at).toSorted(), ["file", "link"]);
});

test("of many that write one file exclusively exactly one succeeds", async () => {
  const at = folder();

  const written = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      writeFileDurable(join(at, "file"), String(index), { exclusive: true }),
    ),
  );

  const won = written.flatMap(({ status }, index) => (status === "fulfilled" ? [String(index)] : []));
  assert.deepEqual(won, [readFileSync(join(at, "file"), "utf8")]);
  assert.deepEqual(readdirSync(at), ["file"]);
});

test("who reads meanwhile sees the old file or the new one, never a part", async () => {
  const at = folder();
  const path = join(at, "file");
  const versions = [Buffer.alloc(300_000, 1), Buffer.alloc(200_000, 2)];
  writeFileSync(path, versions[0] ?? "");
  let reads = 0;

  const writing = (async () => {
    for (let round = 0; round < 30; round++) await writeFileDurable(path, versions[round % 2] ?? "");
  })();
  await during(writing, () => {
    const seen = readFileSync(path);
    assert.ok(
      versions.some((version) => version.equals(seen)),
      `${seen.length} bytes`,
    );
    reads++;
  });

  assert.ok(reads > 10, `only ${reads} reads`);
});

test("on a full disk the old file stays as it is, and nothing half-written is left", async () => {
  const at = join(folder(), "small");
  const unmount = mountSmall(at, 1024 ** 2);
  try {
    await writeFileDurable(join(at, "file"), "old");

    await assert.rejects(writeFileDurable(join(at, "file"), Buffer.alloc(2 * 1024 ** 2)), { code: "ENOSPC" });

    assert.equal(readFileSync(join(at, "file"), "utf8"), "old");
    assert.deepEqual(readdirSync(at), ["file"]);
  } finally {
    unmount();
  }
});

test("a link is replaced by the file: what it leads to is not touched", async () => {
  const at = folder();
  writeFileSync(join(at, "theirs"), "theirs");
  symlinkSync(join(at, "theirs"), join(at, "ours"));

  await writeFileDurable(join(at, "ours"), "ours");

  assert.ok(lstatSync(join(at, "ours")).isFile());
  assert.equal(readFileSync(join(at, "theirs"), "utf8"), "theirs");
});

test("a file is half-written under a name of its own, in the folder that was asked for", async () => {
  const at = folder();
  mkdirSync(join(at, "bundle"));
  const seen = new Set<string>();

  const writing = writeFileDurable(join(at, "bundle", "file"), Buffer.alloc(20 * 1024 ** 2), {
    temporaryIn: at,
  });
  await during(writing, () => {
    for (const name of readdirSync(join(at, "bundle"))) seen.add(`bundle/${name}`);
    for (const name of readdirSync(at)) seen.add(name);
  });

  const temporary = [...seen].filter((name) => isTemporaryName(name));
  assert.equal(temporary.length, 1);
  assert.deepEqual([...seen].filter((name) => !isTemporaryName(name)).toSorted(), ["bundle", "bundle/file"]);
});

test("a name of a half-written file is known as such, and no other is", () => {
  const names = ["file", "manifest.json", ".hidden"].map((name) => temporaryName(`/spool/${name}`));

  for (const name of names) assert.ok(isTemporaryName(name.slice("/spool/".length)), name);
  const others = [
    "file",
    ".file.tmp",
    ".locks",
    "file.0123456789ab.tmp",
    ".0123456789ab.tmp",
    ".x.0123456789AB.tmp",
  ];
  assert.deepEqual(others.filter(isTemporaryName), []);
});

test("a new file is never an old one, nor one behind a link", async () => {
  const at = folder();
  writeFileSync(join(at, "old"), "old");
  symlinkSync(join(at, "nowhere"), join(at, "link"));

  for (const name of ["old", "link"]) {
    await assert.rejects(createFile(join(at, name)), { code: "EEXIST" });
    assert.throws(() => createFileSync(join(at, name), Buffer.from("new")), { code: "EEXIST" });
  }

  assert.equal(readFileSync(join(at, "old"), "utf8"), "old");
  assert.equal(readlinkSync(join(at, "link")), join(at, "nowhere"));
});

test("what is made durable is the file itself, never what a link leads to", async () => {
  const at = folder();
  writeFileSync(join(at, "file"), "x");
  symlinkSync(join(at, "file"), join(at, "link"));

  await fsyncFile(join(at, "file"));

  await assert.rejects(fsyncFile(join(at, "link")), { code: "ELOOP" });
});

test("folders are made with those above them, for their owner alone, and may be there already", async () => {
  const at = folder();

  await makeFolder(join(at, "a", "b", "c"));
  await makeFolder(join(at, "a", "b", "c"));
  await makeFolder(join(at, "a", "..", "d", "e"));

  assert.deepEqual(
    ["a", "a/b", "a/b/c", "d", "d/e"].map((path) => modeOf(join(at, path))),
    [0o700, 0o700, 0o700, 0o700, 0o700],
  );
});

test("a folder cannot be made where a file is", async () => {
  const at = folder();
  writeFileSync(join(at, "file"), "");

  await assert.rejects(makeFolder(join(at, "file")), { code: "EEXIST" });
  await assert.rejects(makeFolder(join(at, "file", "below")), { code: "ENOTDIR" });
});
