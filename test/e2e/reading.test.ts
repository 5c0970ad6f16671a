// Reading bundles back from a real Ceph RADOS gateway with the program itself: how many requests each thing costs, what a
// cut connection and a kill do, and whether links open.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { randomBytes } from "node:crypto";
import { S3 } from "@aws-sdk/client-s3";
import * as results from "../../src/commands/results/bundles.ts";
import { S3StoreSettings } from "../../src/settings.ts";
import { fetchBundle } from "../../src/upload/fetch-bundle.ts";
import { openS3Store } from "../../src/upload/s3.ts";
import { planFetch } from "../../src/upload/plan-fetch.ts";
import { readMember } from "../../src/upload/read-member.ts";
import { sendBundle } from "../../src/upload/send.ts";
import { verifyStored } from "../../src/upload/verify-stored.ts";
import { startCountingProxy, type CountingProxy } from "../helpers/counting-proxy.ts";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { ACCESS_KEY, SECRET_KEY, startRgw, type Rgw } from "../helpers/rgw.ts";
import { captureId, type Sealed } from "../helpers/sealed-bundle.ts";
import { until } from "../helpers/until.ts";
import { sealWithZip } from "../helpers/whole-bundle.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

const BUCKET = "evidence-reading";
const HOST = "cn14.example.test";
const SMALL = "evidence/process/status.txt";
const CORE = "evidence/core/core.zst";
const base = mkdtempSync(join(tmpdir(), "exhibit-reading-e2e-"));
let rgw: Rgw;
let proxy: CountingProxy;
let box: Sandbox;
let sealed: Sealed;
/** Of the bundle, and of the store that reads through the proxy. */
let url = "";
let settings: S3StoreSettings;

function keysFile(name: string, more = ""): string {
  const path = join(base, name);
  writeFileSync(path, `aws_access_key_id = ${ACCESS_KEY}\naws_secret_access_key = ${SECRET_KEY}\n${more}`);
  chmodSync(path, 0o600);
  return path;
}

before(async () => {
  rgw = await startRgw();
  proxy = await startCountingProxy(rgw.port);
  const outside = new S3({
    endpoint: rgw.endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY },
  });
  await outside.createBucket({ Bucket: BUCKET });
  settings = S3StoreSettings.parse({
    type: "s3",
    url: `s3://${BUCKET}/bundles`,
    region: "us-east-1",
    endpoint: proxy.endpoint,
    pathStyle: true,
    credentialsFile: keysFile("keys"),
  });
  const evidence = {
    [SMALL]: "Name:\tnode\n".repeat(100),
    "evidence/logs/noise.txt": randomBytes(300_000).toString("hex"),
    "evidence/logs/empty.txt": "",
    [CORE]: randomBytes(20 * 1024 ** 2),
  };
  sealed = await sealWithZip(join(base, "spool"), { evidence });
  const sent = await sendBundle({
    bundlePath: sealed.path,
    manifest: sealed.manifest,
    store: openS3Store("evidence", { ...settings, endpoint: rgw.endpoint }),
  });
  url = sent.url;
  const cut = `bundles/v1/INC-7/cn2/${captureId("0000ff")}/capture.json`;
  await outside.putObject({ Bucket: BUCKET, Key: cut, Body: "{}" });
  outside.destroy();
  const of = (keys: string) =>
    `{type: s3, url: "${settings.url}", endpoint: "${proxy.endpoint}", pathStyle: true, credentialsFile: ${keys}}`;
  box = openSandbox();
  writeFileSync(
    box.settings,
    `version: 1
store: {default: ${of(keysFile("keys-default"))}, temporary: ${of(keysFile("keys-session", "aws_session_token = sometoken\n"))}}
spool: {path: ${box.spool}, keepFree: 1%}
link: {base: "https://evidence.example.test/b/{id}"}
`,
    { mode: 0o600 },
  );
});
after(async () => {
  box?.remove();
  await proxy?.close();
  await rgw?.stop();
  rmSync(base, { recursive: true, force: true });
});

const key = (path: string) => `/${BUCKET}/bundles/v1/INC-4211/${HOST}/${sealed.captureId}/${path}`;
/** Runs the program and says what it asked of the store. */
async function ask(...args: string[]) {
  proxy.takeRequests();
  const result = await box.runBeside(args);
  return { ...result, requests: proxy.takeRequests() };
}

test("show of an address is one GET of the manifest, and of an id one listing more", async () => {
  const byUrl = await ask("show", url, "--json");
  const byId = await ask("show", sealed.captureId);
  const byLink = await ask("show", `https://evidence.example.test/b/${sealed.captureId}`, "-q");

  assert.equal(byUrl.status, 0, byUrl.stderr);
  assert.deepEqual(byUrl.requests, [`GET ${key("manifest.json")}`]);
  const shown = results.ShowResult.parse(JSON.parse(byUrl.stdout));
  assert.deepEqual(
    [shown.store, shown.url, shown.fetch, shown.manifestSha256, shown.link],
    [
      "default",
      url,
      `exhibit fetch ${url}`,
      sealed.manifestSha256,
      `https://evidence.example.test/b/${sealed.captureId}`,
    ],
  );
  assert.deepEqual(byId.requests, [`GET /${BUCKET}/?bundles/v1/`, `GET ${key("manifest.json")}`]);
  assert.match(
    byId.stdout,
    new RegExp(
      `^${sealed.captureId} .*Stored +default:\\s+${url}\\n.*\\nFetch +exhibit fetch ${url}\\n`,
      "s",
    ),
  );
  assert.equal(byLink.status, 0, byLink.stderr);
});

test("a small file is one GET, a member of the zip two ranged ones, beside the manifest's; both are checked", async () => {
  const own = await ask("show", url, SMALL);
  const zipped = await ask("show", url, `bundle.zip/${SMALL}`);
  const empty = await ask("show", url, "evidence/logs/empty.txt");

  const bytes = sealed.manifest.files.find(({ path }) => path === SMALL)?.bytes ?? 0;
  assert.equal(own.stdout, "Name:\tnode\n".repeat(100));
  assert.deepEqual(own.requests, [`GET ${key("manifest.json")}`, `GET ${key(SMALL)} bytes=0-${bytes - 1}`]);
  assert.equal(zipped.stdout, own.stdout);
  assert.equal(zipped.requests.length, 3, zipped.requests.join("\n"));
  assert.deepEqual(zipped.requests.slice(0, 2), [
    `GET ${key("manifest.json")}`,
    `GET ${key("bundle.zip")} bytes=-131072`,
  ]);
  assert.match(zipped.requests[2] ?? "", /bundle\.zip bytes=\d+-\d+$/);
  assert.deepEqual([empty.status, empty.stdout], [0, ""]);
});

test("ls --store lists by incident, host and time, in one request each, and hides nothing that was interrupted", async () => {
  const all = await ask("ls", "--store", "--json");
  const incident = await ask("ls", "--store", "-q", "-i", "INC-4211");
  const host = await ask("ls", "--store", "-q", "--host", "cn14");
  const none = await ask("ls", "--store", "-q", "--since", "2026-11-23");
  const time = await ask(
    "ls",
    "--store",
    "-q",
    "--since",
    "2026-11-22T03:12:07Z",
    "--until",
    "2026-11-22T03:12:07Z",
  );
  const wrong = await ask("ls", "--store", "--since", "yesterday");

  const { bundles } = results.LsStoreResult.parse(JSON.parse(all.stdout));
  assert.deepEqual(
    Object.fromEntries(bundles.map(({ captureId: id, state, files }) => [id, { state, files }])),
    {
      [captureId("0000ff")]: { state: "interrupted", files: 1 },
      [sealed.captureId]: { state: "sealed", files: sealed.manifest.files.length + 1 },
    },
  );
  assert.match(all.stderr, /1 without manifest\.json/);
  assert.equal(incident.stdout, `${sealed.captureId}\n`);
  assert.equal(host.stdout, `${sealed.captureId}\n`);
  assert.equal(none.stdout, "");
  assert.equal(time.stdout.split("\n").length, 3);
  for (const { requests } of [all, incident, host, none, time]) assert.equal(requests.length, 1);
  assert.deepEqual([wrong.status, wrong.requests.length], [2, 0]);
});

test("fetch survives cut connections, and what comes is what was sealed", async () => {
  const output = join(base, "fetched");
  // Once more, and a piece that is cut each time would be given up.
  proxy.cutNext(2, 1_000_000);

  const { status, stdout, stderr } = await ask("fetch", url, "-o", output, "--json");

  proxy.cutNext(0, 0);
  assert.equal(status, 0, stderr);
  const fetched = results.FetchResult.parse(JSON.parse(stdout));
  assert.ok(fetched.files.every(({ state }) => state === "fetched"));
  const verified = box.run(["verify", `${fetched.path}/`]);
  assert.equal(verified.status, 0, verified.stdout);
});

test("a fetch that is killed in the middle goes on where it was", async () => {
  const output = join(base, "killed");
  const parts = join(output, `.${sealed.captureId}.fetching`);
  const begun = () => {
    try {
      return Math.max(...readdirSync(parts).map((name) => statSync(join(parts, name)).size));
    } catch {
      return 0;
    }
  };
  const child = box.start(["fetch", url, CORE, "-o", output]);
  await until(() => begun() >= 8 * 1024 ** 2 || child.exitCode !== null, 20_000);
  child.kill("SIGKILL");
  await until(() => child.signalCode !== null || child.exitCode !== null, 30_000);
  const had = begun();

  const again = await ask("fetch", url, CORE, "-o", output);

  assert.equal(again.status, 0, again.stderr);
  assert.ok(had >= 8 * 1024 ** 2, `${had} bytes had come: ${child.output()}`);
  const first = again.requests.find((request) => request.includes(CORE)) ?? "";
  assert.match(first, new RegExp(` bytes=${had}-`));
  assert.deepEqual(readFileSync(join(output, sealed.captureId, CORE)), readFileSync(join(sealed.path, CORE)));
});

test("an interrupted bundle is fetched as it is, with a warning and a status of its own; show says what it is", async () => {
  const id = captureId("0000ff");

  const fetched = await ask("fetch", id, "-o", join(base, "cut"));
  const shown = await ask("show", id);
  const file = await ask("show", id, "capture.json");
  const verified = await ask("verify", id);

  assert.equal(fetched.status, 3, fetched.stderr);
  assert.match(fetched.stderr, /has no manifest\.json: it was interrupted/);
  assert.equal(readFileSync(join(base, "cut", id, "capture.json"), "utf8"), "{}");
  assert.equal(shown.status, 1);
  assert.match(shown.stderr, /there is no manifest\.json.*\n.*exhibit fetch/);
  assert.deepEqual([file.status, file.stdout], [0, "{}"]);
  assert.deepEqual([verified.status, /missing +manifest\.json/.test(verified.stdout)], [1, true]);
});

test("verify reads every byte in the store, and the manifest by the digest that somebody was told", async () => {
  const good = await ask("verify", url, "--sha256", sealed.manifestSha256.slice(0, 16));
  const wrong = await ask("verify", url, "--sha256", "0123456789abcdef");

  assert.equal(good.status, 0, good.stdout);
  assert.match(good.stdout, /^intact/);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stdout, /changed +manifest\.json: sha256 is /);
});

test("a link opens the file without credentials until the time that is told, and a too long one is refused", async () => {
  const begun = Date.now();
  const zip = await ask("show", url, "--link", "1h", "--json");
  const file = await ask("show", sealed.captureId, SMALL, "--link", "5m");
  const temporary = await ask("show", url, "--store", "temporary", "--link", "1h");
  const long = await ask("show", url, "--link", "169h");

  const shared = results.ShowLinkResult.parse(JSON.parse(zip.stdout));
  const seconds = (Date.parse(shared.expiresAt ?? "") - begun) / 1000;
  assert.ok(seconds > 3590 && seconds < 3700, `${seconds} s`);
  assert.equal(shared.temporaryCredentials, false);
  const answer = await fetch(shared.link);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(join(sealed.path, "bundle.zip")));
  assert.match(
    answer.headers.get("content-disposition") ?? "",
    new RegExp(`${sealed.captureId}-bundle\\.zip`),
  );
  assert.equal(await (await fetch(file.stdout.trim())).text(), "Name:\tnode\n".repeat(100));
  assert.match(file.stderr, /can read evidence\/process\/status\.txt until 20/);
  assert.equal(long.status, 2);
  assert.match(long.stderr, /7 days/);
  assert.equal(temporary.status, 0, temporary.stderr);
  assert.match(
    temporary.stderr,
    /until the temporary credentials of this host end: when that is, is not known/,
  );
});

test("a link that is signed with temporary credentials says that it ends with them", async () => {
  const credentialsFile = keysFile("keys-token", "aws_session_token = sometoken\n");
  const store = openS3Store("temporary", { ...settings, credentialsFile });

  const link = await store.share?.("v1/a/b/c/bundle.zip", { seconds: 60, name: "bundle.zip" });

  assert.deepEqual([link?.temporary, link?.expiresAt], [true, undefined]);
  assert.match(link?.url ?? "", /X-Amz-Security-Token=sometoken/);
});

test("a store that is gone in the middle stops a read with what to do", async () => {
  const closed = await startCountingProxy(rgw.port);
  const store = openS3Store("gone", { ...settings, endpoint: closed.endpoint });
  const ref = { store, prefix: `v1/INC-4211/${HOST}/${sealed.captureId}`, captureId: sealed.captureId };
  const plan = await planFetch(ref, { paths: [CORE], sha256: undefined });
  await closed.close();

  await assert.rejects(fetchBundle({ ref, plan, output: join(base, "gone") }), {
    name: "UploadError",
    hint: /the same fetch again goes on where it was/,
  });
  await assert.rejects(readMember(ref, SMALL), { name: "UploadError", message: /nothing listens/ });
  await assert.rejects(
    verifyStored(ref),
    (error: Error & { hint?: string }) => !/push/.test(error.hint ?? ""),
  );
});
