// What can be wrong with the way to a store, against a real Ceph RADOS gateway: each is one clear sentence with what to do,
// and the next attempt succeeds.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { UploadError } from "../../src/errors.ts";
import type { S3StoreSettings } from "../../src/settings.ts";
import { openS3Store } from "../../src/upload/s3.ts";
import { startTestStore, type TestStore } from "../helpers/s3-store.ts";
import { member, sha256 } from "../helpers/sealed-bundle.ts";

const MIB = 1024 ** 2;
const BUCKET = "faults-test";
let at: TestStore;
before(async () => {
  at = await startTestStore(BUCKET);
});
after(() => at.stop());

let count = 0;
const file = (bytes: number) =>
  member(join(at.base, `file-${count}`), randomBytes(bytes), { key: `v1/a/${count++}`, exclusive: true });
const through = (more: Partial<S3StoreSettings> = {}, timeouts: Parameters<typeof openS3Store>[2] = {}) =>
  openS3Store("test", at.settings({ endpoint: at.proxy.endpoint, ...more }), timeouts);

/** Rejects with these words and something to do. */
async function refused(work: Promise<unknown>, words: RegExp, hint = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UploadError, String(error));
    assert.match(error.message, words);
    assert.match(error.hint ?? "", hint);
    return true;
  });
}

test("what a store refuses is one sentence each, for small files and for parts, and is not tried for ever", async () => {
  const cases = [
    [403, "AccessDenied", /access denied/, /allow s3:PutObject/],
    [400, "ExpiredToken", /the credentials have expired/, /renew them, then exhibit push/],
    [301, "PermanentRedirect", /the bucket is not in region us-east-1/, /correct region/],
    [400, "AuthorizationHeaderMalformed", /the bucket is not in region us-east-1/, /correct region/],
    [403, "RequestTimeTooSkewed", /the clocks of this host and the store differ/, /set this host's clock/],
    [404, "NoSuchBucket", /there is no bucket faults-test/, /create it, or correct url/],
    [403, "QuotaExceeded", /the quota .* is used up/, /raise it/],
  ] as const;
  const store = through();
  const [small, parts] = [
    [100, /^PUT /],
    [17 * MIB, /partNumber=/],
  ] as const;
  for (const [status, code, words, hint] of cases)
    for (const [bytes, head] of code === "ExpiredToken" ? [small, parts] : [small]) {
      at.proxy.answer(100, status, code, head);
      const one = file(bytes);

      await refused(store.put(one), words, hint);
      at.proxy.heal();

      assert.equal((await store.put(one)).state, "stored");
    }
  assert.deepEqual(await at.unfinished(), []);
});

test("a store that fails for a moment is asked again, and one that goes on failing is told", async () => {
  const store = through();
  for (const [status, code] of [
    [500, "InternalError"],
    [503, "SlowDown"],
  ] as const)
    for (const bytes of [100, 20 * MIB]) {
      at.proxy.answer(2, status, code, /^PUT /);
      assert.equal((await store.put(file(bytes))).state, "stored");
      at.proxy.answer(100, status, code, /^PUT /);
      await refused(
        store.put(file(bytes)),
        status === 500 ? /the store failed/ : /overloaded/,
        /exhibit push/,
      );
      at.proxy.heal();
    }
});

test("parts survive connections that are cut in the middle, and a slow line", async () => {
  const store = through();
  const one = file(40 * MIB);
  at.proxy.cutAfter(20 * MIB);

  assert.equal((await store.put(one)).state, "stored");
  at.proxy.heal();
  at.proxy.slow(20 * MIB);
  const slow = file(33 * MIB);
  assert.equal((await store.put(slow)).state, "stored");
  at.proxy.heal();

  for (const { key, bytes, sha256: wanted } of [one, slow])
    assert.equal(sha256((await store.get(key, bytes)) ?? ""), wanted);
});

test("a store that stalls in the middle of a part is noticed by its idle time, and told", async () => {
  const store = through({}, { idleMs: 1000 });
  at.proxy.slow(30 * MIB);
  const putting = store.put(file(100 * MIB));
  putting.catch(() => undefined);
  const sentBefore = at.proxy.sentBytes();
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (at.proxy.sentBytes() - sentBefore < 20 * MIB) return;
      clearInterval(look);
      resolve();
    }, 10);
  });
  at.proxy.stall();
  const start = performance.now();

  await refused(putting, /no answer from .* in time/, /exhibit push sends it later/);

  assert.ok(performance.now() - start < 20_000, `${performance.now() - start} ms`);
  at.proxy.heal();
});

test("a clock that is 20 minutes off is no obstacle, and is told", async () => {
  const one = file(20 * MIB);
  const shift = join(at.base, "shift.mjs");
  writeFileSync(
    shift,
    `const Real = Date;
     globalThis.Date = class extends Real {
       constructor(...args) { super(...(args.length === 0 ? [Real.now() + 1_200_000] : args)); }
       static now() { return Real.now() + 1_200_000; }
     };`,
  );
  const module = new URL("../../src/upload/open-store.ts", import.meta.url).href;
  const script = `
    const { openStore } = await import(${JSON.stringify(module)});
    const store = await openStore("test", ${JSON.stringify(at.settings())});
    const { state, proof } = await store.put(${JSON.stringify(one)});
    console.log(JSON.stringify([state, Math.round(proof.clockOffsetMs / 60_000)]));`;

  const child = spawn(process.execPath, [
    "--import",
    "tsx",
    "--import",
    shift,
    "--input-type=module",
    "-e",
    script,
  ]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
  await once(child, "exit");

  assert.equal(output.trim(), '["stored",-20]');
});

/** The gateway behind TLS, with a certificate that only the file of its own authority makes good. */
async function startTls(t: TestContext): Promise<{ readonly endpoint: string; readonly caFile: string }> {
  const [key, caFile] = [join(at.base, "tls.key"), join(at.base, "tls.pem")];
  const words = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
  ];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync("openssl", [...words, ...name, "-keyout", key, "-out", caFile], { stdio: "ignore" });
  const sockets = new Set<Socket>();
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(caFile) }, (client) => {
    const store = connect(at.rgw.port, "127.0.0.1");
    for (const socket of [client, store]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.pipe(store).pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { endpoint: `https://127.0.0.1:${address.port}`, caFile };
}

test("an authority of one's own is trusted by caFile, and without it the sentence names it", async (t) => {
  const { endpoint, caFile } = await startTls(t);
  const one = file(20 * MIB);

  await refused(
    openS3Store("test", at.settings({ endpoint })).put(one),
    /the certificate of .* is not trusted/,
    /set caFile/,
  );
  await refused(
    openS3Store("test", at.settings({ endpoint, caFile: "/missing" })).put(one),
    /\/missing: cannot be read/,
  );

  assert.equal((await openS3Store("test", at.settings({ endpoint, caFile })).put(one)).state, "stored");
});

test("everything goes through the proxy of the settings", async (t) => {
  const { endpoint, caFile } = await startTls(t);
  const asked: string[] = [];
  const proxy = createHttpServer();
  const sockets = new Set<Socket>();
  proxy.on("connect", (request, client: Socket) => {
    asked.push(request.url ?? "");
    const [host = "", port = ""] = (request.url ?? "").split(":");
    const store = connect(Number(port), host, () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const socket of [client, store]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    client.pipe(store).pipe(client);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  assert.ok(typeof address === "object" && address !== null);
  const settings = { proxy: `http://127.0.0.1:${address.port}`, caFile };

  for (const where of [endpoint, at.rgw.endpoint]) {
    const { state } = await openS3Store("test", at.settings({ ...settings, endpoint: where })).put(
      file(20 * MIB),
    );

    assert.equal(state, "stored");
    assert.ok(asked.includes(where.replace(/^https?:\/\//, "")), asked.join(" "));
  }
});

test("CRC-32 headers are sent where the settings ask for them, in one request and in parts", async () => {
  const store = through({ checksum: "crc32" });
  const sentBefore = at.proxy.requests().length;
  for (const bytes of [100, 20 * MIB]) {
    const one = file(bytes);

    assert.equal((await store.put(one)).state, "stored");

    assert.equal(sha256((await store.get(one.key, bytes)) ?? ""), one.sha256);
  }
  const bodies = at.proxy
    .requests()
    .slice(sentBefore)
    .filter((head) => head.startsWith("PUT "));
  assert.equal(bodies.length, 4);
  for (const head of bodies) assert.match(head, /^x-amz-checksum-crc32: \S{8}\r?$/im);
});
