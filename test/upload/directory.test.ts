// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { after, test } from "node:test";
import { UploadError } from "../../src/errors.ts";
import { openDirectoryStore } from "../../src/upload/directory.ts";
import { temporaryName } from "../../src/upload/directory-temporary.ts";
import { mountReadOnly, mountSmall } from "../helpers/mounted.ts";
import { programOf, programOfText } from "../helpers/program.ts";
import { member, sha256 } from "../helpers/sealed-bundle.ts";

const base = mkdtempSync(join(tmpdir(), "exhibit-directory-"));
after(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
function place() {
  const folder = join(base, String(count++));
  const path = join(folder, "archive");
  return { folder, path, store: openDirectoryStore("test", { type: "directory", path }) };
}

/** Every file below a folder, temporary ones too. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test("a file is stored under its key, for its owner alone", async () => {
  const { folder, path, store } = place();
  const file = member(join(folder, "in.txt"), "evidence");

  const { state: answer } = await store.put(file);

  const target = join(path, file.key);
  assert.equal(answer, "stored");
  assert.equal(readFileSync(target, "utf8"), "evidence");
  assert.equal(statSync(target).mode & 0o777, 0o600);
  for (let above = dirname(target); above.length >= path.length; above = dirname(above))
    assert.equal(statSync(above).mode & 0o777, 0o700, above);
  assert.deepEqual(filesBelow(path), [target]);
});

test("a file larger than any buffer and an empty one arrive whole", async () => {
  const { folder, store } = place();
  const data = Buffer.alloc(5 * 1024 ** 2 + 17, "core");
  const big = member(join(folder, "big"), data, { key: "v1/a/b/c/big" });
  const empty = member(join(folder, "empty"), "", { key: "v1/a/b/c/empty" });

  await Promise.all([store.put(big), store.put(empty)]);

  assert.equal(sha256((await store.get(big.key, data.length)) ?? ""), big.sha256);
  assert.deepEqual(await store.get(empty.key, 0), Buffer.alloc(0));
});

test("the same bytes are present the second time, exclusive or not", async () => {
  const { folder, store } = place();
  const file = member(join(folder, "in.txt"), "evidence");
  await store.put(file);

  const answers = [await store.put(file), await store.put({ ...file, exclusive: true })].map(
    ({ state }) => state,
  );

  assert.deepEqual(answers, ["present", "present"]);
});

test("other bytes replace a file that is not exclusive", async () => {
  const { folder, store } = place();
  await store.put(member(join(folder, "1.txt"), "before"));

  const { state: answer } = await store.put(member(join(folder, "2.txt"), "after"));

  assert.equal(answer, "stored");
  assert.equal(String(await store.get("v1/none/host/bundle/file.txt", 100)), "after");
});

test("other bytes never replace an exclusive file, and both digests are named", async () => {
  const { folder, path, store } = place();
  const first = member(join(folder, "1.txt"), "first", { exclusive: true });
  const second = member(join(folder, "2.txt"), "second", { exclusive: true });
  await store.put(first);

  const putting = store.put(second);

  await assert.rejects(putting, (error) => {
    assert.ok(error instanceof UploadError);
    assert.match(error.message, new RegExp(first.sha256));
    assert.match(error.message, new RegExp(second.sha256));
    return true;
  });
  assert.equal(readFileSync(join(path, first.key), "utf8"), "first");
  assert.equal(filesBelow(path).length, 1);
});

test("of many exclusive files put at once under one key, one is stored and the others are refused", async () => {
  const { folder, path } = place();
  const stores = [0, 1, 2, 3, 4, 5].map(() => openDirectoryStore("test", { type: "directory", path }));

  const answers = await Promise.allSettled(
    stores.map((store, index) =>
      store.put(member(join(folder, `${index}.txt`), Buffer.alloc(300_000, index), { exclusive: true })),
    ),
  );

  assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
  const winner = answers.findIndex(({ status }) => status === "fulfilled");
  assert.deepEqual(readFileSync(join(path, "v1/none/host/bundle/file.txt")), Buffer.alloc(300_000, winner));
  assert.equal(filesBelow(path).length, 1);
});

test("bytes that are not those that were sealed never get a name", async () => {
  const { folder, path, store } = place();
  const file = member(join(folder, "in.txt"), "sealed");
  writeFileSync(file.path, "forged");

  const putting = store.put(file);

  await assert.rejects(putting, {
    name: "UnsendableError",
    message: new RegExp(`${sha256("forged")}.*${file.sha256}`),
  });
  assert.deepEqual(filesBelow(path), []);
});

test("a file that was cut, is gone, or is a link is refused", async () => {
  const { folder, path, store } = place();
  const cut = member(join(folder, "cut"), "evidence");
  truncateSync(cut.path, 3);
  const gone = { ...cut, path: join(folder, "gone") };
  symlinkSync("/etc/passwd", join(folder, "link"));
  const linked = { ...cut, path: join(folder, "link") };

  const answers = await Promise.allSettled([cut, gone, linked].map((one) => store.put(one)));

  assert.deepEqual(
    answers.map((answer) => answer.status === "rejected" && answer.reason.message.replace(folder, "")),
    [
      "/cut: has 3 bytes, was sealed with 8",
      "/gone: is in the bundle but not on the disk",
      "/link: is a link, and no file of a bundle is",
    ],
  );
  assert.deepEqual(filesBelow(path), []);
});

test("a key that would leave the store is refused", async () => {
  const { folder, store } = place();
  const file = member(join(folder, "in.txt"), "x");

  for (const key of ["../out", "/etc/x", "a//b", "a/./b", "a/.hidden", "", "a/b\0c", "a/ü"])
    await assert.rejects(async () => store.put({ ...file, key }), UploadError, key);

  assert.throws(() => store.url("a/../../b"), UploadError);
});

test("no link below the store is followed", async () => {
  const { folder, path, store } = place();
  mkdirSync(join(folder, "elsewhere"), { recursive: true });
  mkdirSync(join(path, "v1"), { recursive: true });
  symlinkSync(join(folder, "elsewhere"), join(path, "v1/none"));
  const file = member(join(folder, "in.txt"), "x");

  const putting = store.put(file);

  await assert.rejects(putting, {
    name: "UploadError",
    message: /a link is where a file or folder should be/,
  });
  assert.deepEqual(readdirSync(join(folder, "elsewhere")), []);
});

test("an aborted put leaves nothing behind", async () => {
  const { folder, path, store } = place();
  const file = member(join(folder, "in.txt"), "x");

  const putting = store.put(file, { signal: AbortSignal.abort() });

  await assert.rejects(putting, { name: "UploadError", message: /was stopped/ });
  assert.deepEqual(filesBelow(path), []);
});

test("get tells what is not there from what is too large", async () => {
  const { folder, store } = place();
  await store.put(member(join(folder, "in.txt"), "evidence"));

  assert.equal(await store.get("v1/none/host/bundle/missing", 10), undefined);
  await assert.rejects(store.get("v1/none/host/bundle/file.txt", 7), UploadError);
});

test("list gives the keys that begin with a prefix, without unfinished files", async () => {
  const { folder, path, store } = place();
  for (const key of ["v1/INC-1/h/a/manifest.json", "v1/INC-12/h/a/manifest.json", "v1/INC-2/h/a/m"])
    await store.put(member(join(folder, "in.txt"), "x", { key }));
  writeFileSync(join(path, "v1/INC-1/h/a", temporaryName()), "torn");

  const found = await store.list("v1/INC-1");

  assert.deepEqual(
    found.map(({ key, bytes }) => [key, bytes]),
    [
      ["v1/INC-1/h/a/manifest.json", 1],
      ["v1/INC-12/h/a/manifest.json", 1],
    ],
  );
  assert.deepEqual(
    await openDirectoryStore("none", { type: "directory", path: join(folder, "none") }).list(""),
    [],
  );
});

test("check proves that a file can be kept, and leaves none", async () => {
  const { path, store } = place();

  await store.check();

  assert.deepEqual(readdirSync(path), []);
});

test("the next put removes what a killed run left, and leaves a living run and strangers alone", async () => {
  const { folder, path, store } = place();
  const file = member(join(folder, "in.txt"), "x");
  const target = join(path, dirname(file.key));
  mkdirSync(target, { recursive: true });
  const own = temporaryName();
  const [, kernel = "", pid = ""] = /^\.exhibit-(\w+)-(\d+)-/.exec(own) ?? [];
  const dead = `.exhibit-${kernel}-${pid}-1-0123456789ab.tmp`;
  const stranger = ".exhibit-0123456789ab-1-1-0123456789ab.tmp";
  const old = ".exhibit-0123456789ab-1-1-ba9876543210.tmp";
  for (const name of [own, dead, stranger, old]) writeFileSync(join(target, name), "torn");
  utimesSync(join(target, old), 0, 0);

  await store.put(file);

  assert.deepEqual(readdirSync(target).toSorted(), [own, stranger, basename(file.key)].toSorted());
});

test("a full disk refuses a file at whatever byte it is full, and takes it when there is room", async () => {
  const { folder } = place();
  const mounted = join(folder, "small");
  const unmount = mountSmall(mounted, 40 * 4096);
  try {
    const file = member(join(folder, "in"), Buffer.alloc(10 * 4096, "x"));
    const store = openDirectoryStore("test", { type: "directory", path: join(mounted, "archive") });
    const answers: string[] = [];
    for (let free = 0; free <= 12; free++) {
      writeFileSync(join(mounted, "ballast"), Buffer.alloc((40 - free) * 4096));

      const answer = await store.put(file).then(
        ({ state }) => state,
        (error: unknown) => error,
      );

      if (answer instanceof UploadError) {
        assert.match(answer.message, /no space left \(ENOSPC\)/);
        assert.match(answer.hint ?? "", /free some space/);
        assert.deepEqual(filesBelow(join(mounted, "archive")), []);
      } else assert.equal(sha256((await store.get(file.key, file.bytes)) ?? ""), file.sha256);
      answers.push(answer instanceof UploadError ? "refused" : String(answer));
      rmSync(join(mounted, "ballast"));
      assert.match((await store.put(file)).state, /stored|present/);
      rmSync(join(mounted, "archive"), { recursive: true });
    }
    assert.deepEqual(answers, [...Array<string>(10).fill("refused"), "stored", "stored", "stored"]);
  } finally {
    unmount();
  }
});

test("a store that is mounted read-only says so", async () => {
  const { folder, path, store } = place();
  const file = member(join(folder, "in.txt"), "x");
  await store.put(file);
  const mounted = join(folder, "read-only");
  const unmount = mountReadOnly(path, mounted);
  try {
    const readOnly = openDirectoryStore("test", { type: "directory", path: mounted });

    const putting = readOnly.put({ ...file, key: "v1/none/host/other/file.txt" });

    await assert.rejects(putting, {
      name: "UploadError",
      message: /mounted read-only \(EROFS\)/,
      hint: /--to/,
    });
    assert.equal((await readOnly.put(file)).state, "present");
    await assert.rejects(readOnly.check(), { name: "UploadError", message: /EROFS/ });
  } finally {
    unmount();
  }
});

test("a store that others may write but we may not says so", async () => {
  const { folder, path } = place();
  mkdirSync(path, { recursive: true });
  const file = member(join(folder, "in.txt"), "x");
  execFileSync("chmod", ["0500", path]);
  execFileSync("chmod", ["0755", base, folder]);
  const [node, program] = programOfText(`
    import { openDirectoryStore } from ${JSON.stringify(new URL("../../src/upload/directory.ts", import.meta.url).pathname)};
    process.setgid(65534);
    process.setuid(65534);
    await openDirectoryStore("test", ${JSON.stringify({ type: "directory", path })})
      .put(${JSON.stringify(file)}).catch((error) => console.log(error.name, error.message));`);

  const output = execFileSync(node, [program], { encoding: "utf8" });

  assert.match(output, /^UploadError .*permission denied \(EACCES\)/);
});

test("kill -9 at any moment leaves no wrong file under a final name, and the next run completes it", async () => {
  const { folder } = place();
  const sources = join(folder, "sources");
  const digests = new Map<string, string>();
  for (const [name, bytes] of [
    ["manifest.json", 5000],
    ["ss.txt", 0],
    ["a.jsonl", 70_000],
    ["core.zst", 6 * 1024 ** 2],
  ] as const)
    digests.set(name, member(join(sources, name), Buffer.alloc(bytes, name)).sha256);
  const [node, program] = programOf(new URL("../helpers/put-for-ever.ts", import.meta.url).pathname);
  let torn = 0;

  for (let round = 0; round < 30; round++) {
    const path = join(folder, `store-${round}`);
    const child = spawn(node, [program, path, sources], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    // The moment is random on purpose.
    const timer = setTimeout(() => child.kill("SIGKILL"), Math.random() * 120);
    await once(child, "exit");
    clearTimeout(timer);

    assert.equal(child.signalCode, "SIGKILL");
    const store = openDirectoryStore("test", { type: "directory", path });
    const found = await store.list("");
    for (const { key } of found)
      assert.equal(sha256(readFileSync(join(path, key))), digests.get(basename(key)), key);
    torn += filesBelowOrNone(path) - found.length;

    const last = found.at(-1)?.key.split("/")[3] ?? "bundle-0";
    for (const [name, digest] of digests) {
      const source = join(sources, name);
      const put = {
        key: `v1/none/host/${last}/${name}`,
        path: source,
        bytes: statSync(source).size,
        sha256: digest,
      };
      await store.put({
        ...put,
        mediaType: "text/plain",
        sensitivity: "text",
        exclusive: name === "manifest.json",
      });
    }
    assert.equal((await store.list(`v1/none/host/${last}/`)).length, digests.size);
    assert.deepEqual(
      readdirSync(join(path, "v1/none/host", last)).filter((name) => name.startsWith(".")),
      [],
    );
    rmSync(path, { recursive: true });
  }
  assert.ok(torn > 0, "no kill fell into a write: the test shows nothing");
});

function filesBelowOrNone(path: string): number {
  try {
    return filesBelow(path).length;
  } catch {
    return 0;
  }
}
