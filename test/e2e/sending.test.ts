// What happens to a bundle after the capture: uploads that wait, notes that wait, and the commands that send them later.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { text } from "node:stream/consumers";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;
let target: Started;
before(async () => {
  target = await start({ after: () => undefined }, NODE);
});
after(() => end(target.child));

function sandbox(t: TestContext, settings = ""): Sandbox {
  const box = openSandbox(settings);
  t.after(() => box.remove());
  return box;
}

/** A capture that needs no samples: complete in a moment, whatever the host is doing. */
function words(...flags: string[]): string[] {
  return ["capture", "--pid", String(target.pid), "--only", "process,open-files", "-b", "10s", ...flags];
}

/** The column TO SEND of the only bundle. */
function toSend(box: Sandbox): string | undefined {
  return box.run(["ls"]).stdout.split("\n")[1]?.split(/ {2,}/)[3];
}

test("what a store refuses waits, and push sends it when the store is back; to repeat it is safe", (t) => {
  const box = sandbox(t);
  writeFileSync(box.archive, "a file where the store should be");

  const capture = box.run(words("-i", "INC-1"));
  const id = box.ids()[0] ?? "";
  const waiting = toSend(box);
  const inVain = box.run(["push"]);
  rmSync(box.archive);
  const push = box.run(["push"]);
  const sent = toSend(box);
  const idle = box.run(["push"]);
  const again = box.run(["push", "last"]);

  assert.deepEqual([capture.status, waiting], [4, "upload"], capture.stderr);
  assert.match(capture.stderr, /the upload waits: .*\n.*\n.*exhibit push\n$/);
  assert.equal(inVain.status, 4);
  assert.match(inVain.stderr, new RegExp(`${id}: the upload waits: .*archive`));
  assert.deepEqual([push.status, sent], [0, "-"], push.stderr);
  assert.match(push.stderr, new RegExp(`${id}: uploaded {2}${box.archive}/.*\n {2}note on INC-1: updated`));
  assert.deepEqual([idle.status, idle.stderr], [0, "exhibit: nothing is waiting\n"]);
  assert.equal(again.status, 0);
  assert.match(again.stderr, /: already there {2}.*\n {2}note on INC-1: already there {2}/);
  const note = readFileSync(join(box.folder, "incidents", "INC-1.md"), "utf8");
  assert.equal(note.split(`exhibit:${id}`).length, 2);
  assert.ok(note.includes(box.archive));
});

test("a capture whose bundle another exhibit sends waits for it, and says where it is", async (t) => {
  const box = sandbox(t);
  const locks = join(box.spool, ".locks");
  const capture = box.start(words());
  await until(() => existsSync(join(box.spool, box.ids()[0] ?? "-", "capture.json")), 30_000, "it has begun");
  const lock = join(locks, `upload.${box.ids()[0]?.replaceAll("-", "_")}`);
  mkdirSync(locks, { recursive: true });
  const other = await start(t, ["flock", lock, "sh", "-c", "echo held; read -r _"]);
  await until(
    () => existsSync(join(box.spool, box.ids()[0] ?? "-", "manifest.json")),
    30_000,
    "it is sealed",
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const whileLocked = [capture.exitCode, existsSync(box.archive)];
  other.child.stdin?.end();
  const [status] = await once(capture, "exit");

  assert.deepEqual(whileLocked, [null, false]);
  assert.equal(status, 0, capture.output());
  assert.match(capture.output(), new RegExp(`${box.archive}/`));
});

test("--no-upload and --no-note hold for push, until the bundle or the record is named", (t) => {
  const box = sandbox(t);
  const record = join(box.folder, "incidents", "INC-1.md");

  const capture = box.run(words("-i", "INC-1", "--no-upload", "--no-note"));
  const idle = box.run(["push"]);
  const uploadedUnasked = existsSync(box.archive);
  const push = box.run(["push", "last"]);
  const notedUnasked = existsSync(record);
  const note = box.run(["note", "last", "--to", "INC-1"]);

  assert.equal(capture.status, 0, capture.stderr);
  assert.equal(idle.stderr, "exhibit: nothing is waiting\n");
  assert.deepEqual([uploadedUnasked, notedUnasked], [false, false]);
  assert.match(push.stderr, /: uploaded {2}/);
  assert.equal(box.receipt().uploads.length, 1);
  assert.equal(note.status, 0, note.stderr);
  assert.ok(existsSync(record));
});

test("note prints the note, posts it to another incident once, and with --dry-run only says where", (t) => {
  const box = sandbox(t);
  box.run(words("-i", "INC-1", "-m", "it is slow"));

  const print = box.run(["note", "last"]);
  const dry = box.run(["note", "last", "--dry-run", "--to", "INC-2"]);
  const wasDry = !existsSync(join(box.folder, "incidents", "INC-2.md"));
  const post = box.run(["note", "last", "--to", "INC-2", "--to", "INC-3"]);
  const again = box.run(["note", "last", "--to", "INC-2"]);
  const elsewhere = box.run(["note", box.receipt().uploads[0]?.url ?? "", "--to", "INC-4"]);

  assert.match(print.stdout, /^Evidence from node .*\n"it is slow" \(/);
  assert.match(dry.stdout, /^INC-2: would go to file .*\/incidents\n\nEvidence from /);
  assert.ok(wasDry);
  assert.equal(post.status, 0);
  assert.match(
    post.stderr,
    /^exhibit: INC-2: posted {2}.*INC-2\.md\nexhibit: INC-3: posted {2}.*INC-3\.md\n$/,
  );
  assert.match(again.stderr, /^exhibit: INC-2: already there {2}.*INC-2\.md\n$/);
  assert.equal(elsewhere.status, 2);
  assert.match(elsewhere.stderr, /is not in the spool of this host/);
});

test("a note for an incident that no settings match waits, and is done with when it is posted elsewhere", (t) => {
  const box = sandbox(t, String.raw`incidents: [{match: '^INC-\d+$', type: file}]` + "\n");

  const plan = box.run(words("-i", "INC4211", "--dry-run"));
  const isWritten = existsSync(box.spool);
  const capture = box.run(words("-i", "INC4211"));
  const waiting = toSend(box);
  const inVain = box.run(["push"]);
  const note = box.run(["note", "last", "--to", "INC-4211"]);
  const idle = box.run(["push"]);

  assert.match(plan.stdout, /noted +on INC4211: no incident record of the settings matches it/);
  assert.equal(isWritten, false);
  assert.deepEqual([capture.status, waiting], [5, "note"], capture.stderr);
  assert.match(capture.stderr, /INC4211: waiting: no incident record .* exhibit note ID --to REF/);
  assert.equal(inVain.status, 5);
  assert.equal(note.status, 0, note.stderr);
  assert.deepEqual([idle.status, idle.stderr, toSend(box)], [0, "exhibit: nothing is waiting\n", "-"]);
});

test("an incident of the settings' webhook gets one signed event with the stable link, when the receiver is back", async (t) => {
  const received: { readonly body: string; readonly headers: NodeJS.Dict<string | string[]> }[] = [];
  let status = 503;
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ body, headers: request.headers });
      response.writeHead(status).end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  const { port } = address;
  const box = sandbox(
    t,
    `incidents: [{match: '^SCI-', type: webhook, url: 'http://127.0.0.1:${port}/hook', secretFile: hook}]\nlink: {base: 'https://evidence.example.net/b/{id}'}\n`,
  );
  const key = Buffer.alloc(32, 7);
  writeFileSync(join(box.folder, "hook"), `whsec_${key.toString("base64")}\n`, { mode: 0o600 });
  const env = { CREDENTIALS_DIRECTORY: box.folder };

  const capture = await box.runBeside(words("-i", "SCI-9"), { env });
  status = 204;
  const push = await box.runBeside(["push"], { env });
  const idle = await box.runBeside(["push"], { env });

  assert.equal(capture.status, 5, capture.stderr);
  assert.match(capture.stderr, /SCI-9: waiting: .*503/);
  assert.equal(push.status, 0, push.stderr);
  assert.equal(idle.stderr, "exhibit: nothing is waiting\n");
  const [first, last] = [received[0], received.at(-1)];
  assert.ok(first && last);
  assert.equal(received.length, 2);
  assert.equal(first.headers["webhook-id"], last.headers["webhook-id"]);
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = last.headers;
  const signed = createHmac("sha256", key)
    .update(`${String(id)}.${String(at)}.${last.body}`)
    .digest("base64");
  assert.equal(signature, `v1,${signed}`);
  const event = JSON.parse(last.body);
  assert.deepEqual(
    [event.subject, event.data.url],
    ["SCI-9", `https://evidence.example.net/b/${box.ids()[0]}`],
  );
});

test("settings from the environment count for one command; a misspelt one is told, a wrong one is exit status 2", (t) => {
  const box = sandbox(t);
  const spool = join(box.folder, "other");
  const env = {
    EXHIBIT_SPOOL_PATH: spool,
    EXHIBIT_LINK_BASE: "https://evidence.example.net/b",
    EXHIBIT_PLACEMENT_DATACENTER: "us-east-1",
    EXHIBIT_CAPTURE_MAX_PAUSE: "250ms",
    EXHIBIT_CAPTURE_BUGDET: "1m",
  };

  const capture = box.run(words("-i", "INC-1"), { env });
  const show = box.run(["show", "last", "--json"], { env });
  const note = box.run(["note", "last"], { env });
  const wrong = box.run(["ls"], { env: { EXHIBIT_CAPTURE_BUDGET: "soon" } });

  assert.equal(capture.status, 0, capture.stderr);
  assert.match(capture.stderr, /EXHIBIT_CAPTURE_BUGDET is no setting .*EXHIBIT_CAPTURE_BUDGET/);
  const { path, manifest } = JSON.parse(show.stdout);
  assert.ok(path.startsWith(`${spool}/`));
  assert.deepEqual([manifest.placement, manifest.maxPauseMs], [{ datacenter: "us-east-1" }, 250]);
  assert.match(
    note.stdout,
    new RegExp(`\nBundle +https://evidence\\.example\\.net/b/${manifest.captureId}\n`),
  );
  assert.deepEqual(box.ids(), []);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /EXHIBIT_CAPTURE_BUDGET/);
});
