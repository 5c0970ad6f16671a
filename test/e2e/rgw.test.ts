// The S3 store against a real Ceph RADOS gateway.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { S3 } from "@aws-sdk/client-s3";
import { UploadError } from "../../src/errors.ts";
import type { S3StoreSettings } from "../../src/settings.ts";
import { openStore } from "../../src/upload/open-store.ts";
import { openS3Store } from "../../src/upload/s3.ts";
import { sendBundle } from "../../src/upload/send.ts";
import { ACCESS_KEY, freePort, SECRET_KEY, startRgw, type Rgw } from "../helpers/rgw.ts";
import { member, sealBundle, sha256 } from "../helpers/sealed-bundle.ts";
import { startProxy, type StoreProxy } from "../helpers/store-proxy.ts";

// The client of this test would say it; that Exhibit's own does not is tested below.
const SILENCE = "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED";
process.env[SILENCE] = "true";

const BUCKET = "evidence-test";
const base = mkdtempSync(join(tmpdir(), "exhibit-rgw-"));
let rgw: Rgw;
let proxy: StoreProxy;
/** A client of our own, to look at the store from outside. */
let outside: S3;

before(async () => {
  rgw = await startRgw();
  proxy = await startProxy(rgw.port);
  outside = new S3({
    endpoint: rgw.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  await outside.createBucket({ Bucket: BUCKET });
});
after(async () => {
  outside?.destroy();
  await proxy?.close();
  await rgw?.stop();
  rmSync(base, { recursive: true, force: true });
});

let count = 0;
function keysFile(accessKey = ACCESS_KEY, secretKey = SECRET_KEY): string {
  const path = join(base, `keys-${count++}`);
  writeFileSync(path, `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`);
  chmodSync(path, 0o600);
  return path;
}

/** Settings of a store with a prefix of its own. */
function settings(more: Partial<S3StoreSettings> = {}): S3StoreSettings {
  return {
    type: "s3",
    url: `s3://${BUCKET}/test-${count++}`,
    region: "us-east-1",
    endpoint: rgw.endpoint,
    pathStyle: true,
    sse: null,
    kmsKeyId: null,
    sensitiveUrl: null,
    lockDays: null,
    sensitiveLockDays: null,
    lockMode: "GOVERNANCE",
    tags: {},
    checksum: "auto",
    proxy: null,
    caFile: null,
    credentialsFile: keysFile(),
    ...more,
  };
}

const open = (more: Partial<S3StoreSettings> = {}) => openStore("test", settings(more));
const file = (data: string | Uint8Array, more: Parameters<typeof member>[2] = {}) =>
  member(join(base, `file-${count++}`), data, more);
const keyOf = (url: string) => url.slice(`s3://${BUCKET}/`.length);

/** Rejects with an UploadError of these words and something to do. */
async function refused(work: Promise<unknown>, words: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UploadError, String(error));
    assert.match(error.message, words);
    assert.ok(error.hint, `no hint: ${error.message}`);
    return true;
  });
}

test("files of every size arrive whole, with their digest beside them", async () => {
  const store = await open();
  for (const bytes of [0, 1, 65_536, 1024 ** 2 + 1, 9 * 1024 ** 2, 33 * 1024 ** 2]) {
    const one = file(Buffer.alloc(bytes, "exhibit"), { key: `v1/none/h/b/${bytes}` });

    assert.equal((await store.put(one)).state, "stored");

    const found = await outside.getObject({ Bucket: BUCKET, Key: keyOf(store.url(one.key)) });
    assert.equal(sha256((await found.Body?.transformToByteArray()) ?? "none"), one.sha256);
    assert.deepEqual(found.Metadata, { sha256: one.sha256 });
    assert.equal(found.ContentType, "text/plain");
  }
});

test("the same bytes are present the second time, exclusive or not, small or big", async () => {
  const store = await open();
  for (const data of ["small", Buffer.alloc(9 * 1024 ** 2)]) {
    const one = file(data, { key: `v1/a/${count++}` });
    await store.put(one);

    assert.deepEqual(
      [(await store.put(one)).state, (await store.put({ ...one, exclusive: true })).state],
      ["present", "present"],
    );
  }
});

test("other bytes replace what is not exclusive, small or big", async () => {
  const store = await open();
  for (const bytes of [10, 9 * 1024 ** 2]) {
    const key = `v1/a/${bytes}`;
    await store.put(file(Buffer.alloc(bytes, "1"), { key }));
    const second = file(Buffer.alloc(bytes, "2"), { key });

    assert.equal((await store.put(second)).state, "stored");

    assert.equal(sha256((await store.get(key, bytes)) ?? ""), second.sha256);
  }
});

test("other bytes never replace an exclusive key, and both digests are named", async () => {
  const store = await open();
  for (const bytes of [10, 9 * 1024 ** 2]) {
    const key = `v1/a/${bytes}`;
    const first = file(Buffer.alloc(bytes, "1"), { key, exclusive: true });
    const second = file(Buffer.alloc(bytes, "2"), { key, exclusive: true });
    await store.put(first);

    await refused(store.put(second), new RegExp(`${first.sha256}.*${second.sha256}`));

    assert.equal(sha256((await store.get(key, bytes)) ?? ""), first.sha256);
  }
});

test("of many exclusive puts under one key at once, one is stored and the others are refused", async () => {
  const store = await open();
  const files = [0, 1, 2, 3, 4, 5].map((digit) => file(Buffer.alloc(1000, digit), { exclusive: true }));

  const answers = await Promise.allSettled(files.map((one) => store.put(one)));

  assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
  const winner = answers.findIndex(({ status }) => status === "fulfilled");
  assert.deepEqual(await store.get("v1/none/host/bundle/file.txt", 1000), Buffer.alloc(1000, winner));
});

test("an object that somebody else put is compared by its bytes", async () => {
  const store = await open();
  const one = file("evidence", { exclusive: true });
  await outside.putObject({ Bucket: BUCKET, Key: keyOf(store.url(one.key)), Body: "evidence" });

  assert.equal((await store.put(one)).state, "present");
  await refused(store.put(file("otherwis", { exclusive: true })), new RegExp(one.sha256));
});

test("only files that hold memory carry the tag", async () => {
  const store = await open();
  const core = file("core", { key: "v1/a/core", sensitivity: "core" });
  const text = file("text", { key: "v1/a/text" });
  await Promise.all([store.put(core), store.put(text)]);

  const tags = await Promise.all(
    [core, text].map(({ key }) => outside.getObjectTagging({ Bucket: BUCKET, Key: keyOf(store.url(key)) })),
  );

  assert.deepEqual(
    tags.map(({ TagSet }) => TagSet),
    [[{ Key: "exhibit-sensitivity", Value: "core" }], []],
  );
});

test("a file that changed after the seal is never stored", async () => {
  const store = await open();
  for (const bytes of [100, 9 * 1024 ** 2]) {
    const one = file(Buffer.alloc(bytes, "a"), { key: `v1/changed/${bytes}` });
    writeFileSync(one.path, Buffer.alloc(bytes, "b"));

    await assert.rejects(store.put(one), { name: "UnsendableError", message: new RegExp(one.sha256) });

    assert.equal(await store.get(one.key, bytes), undefined);
  }
});

test("a byte that changes on the way is refused by the store, and nothing is stored", async () => {
  const through = await open({ endpoint: proxy.endpoint });
  for (const bytes of [1000, 9 * 1024 ** 2]) {
    const data = Buffer.alloc(bytes, "x");
    data.write("untouched", 500);
    const one = file(data, { key: `v1/way/${bytes}` });
    proxy.change("untouched", "tampered!");
    try {
      await refused(through.put(one), /bytes were changed on the way/);
    } finally {
      proxy.heal();
    }

    assert.equal(await through.get(one.key, bytes), undefined);
  }
});

test("a connection that breaks is made again", async () => {
  const through = await open({ endpoint: proxy.endpoint });
  const one = file("evidence");
  proxy.breakNext(1);

  assert.equal((await through.put(one)).state, "stored");
});

test("a big file takes little memory, and the SDK says nothing to the operator nor to what is started later", () => {
  const one = file("");
  const bytes = 400 * 1024 ** 2;
  truncateSync(one.path, bytes);
  const digest = execFileSync("sha256sum", [one.path], { encoding: "utf8" }).slice(0, 64);
  const module = new URL("../../src/upload/open-store.ts", import.meta.url).href;
  const script = `
    const { openStore } = await import(${JSON.stringify(module)});
    const store = await openStore("test", ${JSON.stringify(settings())});
    await store.check();
    await store.put(${JSON.stringify({ ...one, bytes, sha256: digest })});
    console.log(Math.round(process.resourceUsage().maxRSS / 1024), process.env[${JSON.stringify(SILENCE)}]);`;
  const { [SILENCE]: _, ...env } = process.env;

  const child = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
    env,
  });

  assert.equal(child.stderr, "");
  const [maxMiB, left] = child.stdout.trim().split(" ");
  assert.equal(left, "undefined");
  assert.ok(Number(maxMiB) < 200, `${maxMiB} MiB`);
});

test("more than an object may have is refused plainly before anything is sent", async () => {
  const store = await open();
  const one = file("");

  await assert.rejects(store.put({ ...one, bytes: 5 * 1024 ** 4 + 1 }), {
    name: "UnsendableError",
    message: /more than the 5 TiB/,
    hint: new RegExp(`stays on this host: ${one.path}`),
  });
});

test("a bucket that is not there is named, also for get, list and check", async () => {
  const store = await open({ url: "s3://no-such-bucket-here" });
  const words = /s3:\/\/no-such-bucket-here: there is no bucket no-such-bucket-here \(NoSuchBucket\)/;

  await refused(store.put(file("x")), words);
  await refused(store.put(file(Buffer.alloc(9 * 1024 ** 2))), words);
  await refused(store.get("v1/x", 10), words);
  await refused(store.list(""), words);
  await refused(store.check(), words);
});

test("a wrong secret and an unknown key are told apart, and neither is shown", async () => {
  const wrong = await open({ credentialsFile: keysFile(ACCESS_KEY, "wrongsecret") });
  const unknown = await open({ credentialsFile: keysFile("nobodyskey") });

  await refused(
    wrong.put(file("x")),
    /^(?!.*wrongsecret).*the secret key is wrong \(SignatureDoesNotMatch\)/,
  );
  await refused(
    unknown.put(file("x")),
    /^(?!.*nobodyskey).*does not know this access key \(InvalidAccessKeyId\)/,
  );
  await refused(wrong.put(file(Buffer.alloc(9 * 1024 ** 2))), /the secret key is wrong/);
});

test("keys that others may read are refused before anything is sent", async () => {
  const credentialsFile = keysFile();
  chmodSync(credentialsFile, 0o644);
  const store = await open({ credentialsFile });

  await refused(store.put(file("x")), /others may read it/);
});

test("a store that is down is told at once", async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const store = await open({ endpoint });
  const start = performance.now();

  await refused(store.put(file("x")), new RegExp(`nothing listens at ${endpoint} \\(ECONNREFUSED\\)`));

  assert.ok(performance.now() - start < 15_000);
});

test("a store that accepts and never answers is noticed within the timeout", async () => {
  const store = openS3Store("test", settings({ endpoint: proxy.endpoint }), {
    idleMs: 1000,
    requestMs: 60_000,
  });
  const slow = openS3Store("test", settings({ endpoint: proxy.endpoint }), {
    idleMs: 60_000,
    requestMs: 1000,
  });
  await store.check();
  proxy.stall();
  try {
    for (const [one, data] of [
      [store, "small"],
      [slow, "small"],
      [slow, Buffer.alloc(60_000)],
    ] as const) {
      const start = performance.now();

      await refused(one.put(file(data)), /no answer from http:\/\/127\.0\.0\.1:\d+ in time \(TimeoutError\)/);

      assert.ok(performance.now() - start < 20_000, `${performance.now() - start} ms`);
    }
  } finally {
    proxy.heal();
  }
  assert.equal((await store.put(file("after"))).state, "stored");
});

test("an abort ends a put that is under way", async () => {
  const store = await open({ endpoint: proxy.endpoint });
  proxy.stall();
  try {
    await refused(
      store.put(file(Buffer.alloc(9 * 1024 ** 2)), { signal: AbortSignal.timeout(300) }),
      /was stopped/,
    );
  } finally {
    proxy.heal();
  }
});

test("get tells what is not there from what is too large, and list pages through everything", async () => {
  const store = await open();
  await store.put(file("evidence", { key: "v1/INC-1/h/b/a" }));
  const { url } = settings();
  const root = keyOf(`${url}/`);
  for (let batch = 0; batch < 1010; batch += 101)
    await Promise.all(
      Array.from({ length: 101 }, (_, index) =>
        outside.putObject({ Bucket: BUCKET, Key: `${root}v1/many/${batch + index}`, Body: "x" }),
      ),
    );
  const many = await open({ url });

  assert.equal(await store.get("v1/INC-1/h/b/missing", 10), undefined);
  await assert.rejects(store.get("v1/INC-1/h/b/a", 7), UploadError);
  assert.deepEqual(
    (await store.list("v1/INC-1/")).map(({ key, bytes }) => [key, bytes]),
    [["v1/INC-1/h/b/a", 8]],
  );
  assert.equal(new Set((await many.list("v1/many/")).map(({ key }) => key)).size, 1010);
});

test("check proves that an object can be kept, and leaves none", async () => {
  const store = await open();

  await store.check();

  assert.deepEqual(await store.list(""), []);
});

test("a whole bundle arrives, once", async () => {
  const store = await open();
  const sealed = sealBundle(join(base, `spool-${count++}`));
  const send = () => sendBundle({ bundlePath: sealed.path, manifest: sealed.manifest, store });

  const first = await send();
  const second = await send();

  assert.deepEqual({ ...second, found: undefined }, { ...first, found: undefined });
  assert.deepEqual(first.found, { readBack: 10, conditionalPut: "verified", tagged: true });
  assert.equal(first.manifestSha256, sealed.manifestSha256);
  const below = `v1/INC-4211/cn14.example.test/${sealed.captureId}`;
  assert.equal(first.url, `${store.location}/${below}`);
  const found = await store.list(`${below}/`);
  assert.equal(found.length, sealed.manifest.files.length + 1);
  for (const { path, sha256: wanted, bytes } of sealed.manifest.files)
    assert.equal(
      createHash("sha256")
        .update((await store.get(`${below}/${path}`, bytes)) ?? "")
        .digest("hex"),
      wanted,
      path,
    );
});
