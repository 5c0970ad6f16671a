// The note from the command line to a ticket system: a server that takes only what Jira documents.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { jiraContract } from "../helpers/contracts/jira.ts";
import { startContractServer, type ContractServer } from "../helpers/contracts/server.ts";
import type { Vendor } from "../helpers/contracts/vendor.ts";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const target = async (t: TestContext) => String((await start(t, ["sh", "-c", "echo up; read -r _"])).pid);
const guard = (pid: string, ...more: readonly string[]) => [
  "guard",
  "--pid",
  pid,
  "--profile",
  "quick",
  ...more,
];
const capture = (pid: string, ...more: readonly string[]) => [
  "capture",
  "--pid",
  pid,
  "--profile",
  "quick",
  ...more,
];

describe("notes on Jira", () => {
  let vendor: Vendor;
  let server: ContractServer;
  before(async () => {
    vendor = jiraContract("cloud");
    server = await startContractServer(vendor.contract);
  });
  after(() => server.close());

  const sandbox = (t: TestContext): Sandbox & { readonly token: string } => {
    const box = openSandbox();
    t.after(box.remove);
    const token = join(box.folder, "token");
    writeFileSync(token, vendor.token, { mode: 0o600 });
    writeFileSync(
      box.settings,
      `${readFileSync(box.settings, "utf8")}incidents: [{match: '^INC-', type: jira, url: '${server.url}', user: exhibit@acme.test, tokenFile: '${token}'}]
capture: {window: 1s}
link: {base: 'https://evidence.example.net/b/{id}'}
`,
    );
    return { ...box, token };
  };
  const notesOf = (id: string) => vendor.notes.filter(({ text }) => text.includes(`exhibit:${id}/`));

  test("guard posts one note with its link, and completes it with what COMMAND did", async (t) => {
    const box = sandbox(t);

    const { status, stderr } = await box.runBeside(
      guard(await target(t), "-i", "INC-4211", "--", "sh", "-c", "exit 7"),
    );

    assert.equal(status, 7, stderr);
    const [id = ""] = box.ids();
    assert.deepEqual(server.refused, []);
    const [note, ...more] = notesOf(id);
    assert.deepEqual(more, []);
    assert.match(note?.text ?? "", new RegExp(`exhibit:${id}/5`));
    assert.match(note?.text ?? "", /exit 7 after/);
    assert.deepEqual(
      vendor.links?.().filter((link) => link.includes(id)),
      [`exhibit=${id}`],
    );
    const [entry] = box.receipt().notes;
    assert.equal(entry?.state, "posted");
    assert.equal(entry?.stage, 5);
    assert.match(stderr, new RegExp(`note    INC-4211: posted in ${server.url}/browse/INC-4211`));
  });

  test("a ticket that is not there is told before COMMAND runs; the note waits and goes elsewhere", async (t) => {
    const box = sandbox(t);
    const pid = await target(t);

    const { status, stderr } = await box.runBeside(
      guard(pid, "-i", "INC-9", "--", "sh", "-c", "echo RAN >&2"),
    );

    assert.equal(status, 0);
    const told = stderr.indexOf("exhibit: INC-9: the note will wait: ");
    assert.ok(told >= 0 && told < stderr.indexOf("RAN\n"), stderr);
    assert.match(
      stderr,
      /INC-9: the note will wait: .* it is not there, or we may not see it \(status 404\); correct the reference/,
    );
    assert.match((await box.runBeside(["ls"])).stdout, /note/);
    const corrected = await box.runBeside(["note", "last", "--to", "INC-4211"]);
    assert.equal(corrected.status, 0, corrected.stderr);
    assert.equal(notesOf(box.ids()[0] ?? "").length, 1);
  });

  test("a token that others may read is refused: exit 5; mended, push posts the note once", async (t) => {
    const box = sandbox(t);
    chmodSync(box.token, 0o644);

    const { status, stderr } = await box.runBeside(capture(await target(t), "-i", "INC-4211"));

    assert.equal(status, 5, stderr);
    assert.match(stderr, /others may read it; chmod 0600 .*token; then: exhibit push/);
    chmodSync(box.token, 0o600);
    assert.equal((await box.runBeside(["push"])).status, 0);
    assert.match((await box.runBeside(["push", "last"])).stderr, /INC-4211: already there/);
    assert.equal(notesOf(box.ids()[0] ?? "").length, 1);
  });

  test("a record that asks for time is left alone by push, unless its bundle is named", async (t) => {
    const box = sandbox(t);
    server.faultOf = () => 429;
    server.retryAfter = "3600";
    const first = await box.runBeside(capture(await target(t), "-i", "INC-4211"));
    server.faultOf = () => undefined;
    const seen = server.seen.length;

    const waits = await box.runBeside(["push"]);

    assert.equal(first.status, 5, first.stderr);
    assert.equal(waits.status, 5);
    assert.match(waits.stderr, /INC-4211: waiting: .*not before 20/);
    assert.equal(server.seen.length, seen);
    assert.equal((await box.runBeside(["push", "last"])).status, 0);
    assert.equal(notesOf(box.ids()[0] ?? "").length, 1);
  });

  test("killed after the note was sent and before the answer came, the next push finds it", async (t) => {
    const box = sandbox(t);
    await box.runBeside(capture(await target(t), "-i", "INC-4211", "--no-note"));
    const [id = ""] = box.ids();
    server.faultOf = () =>
      server.seen.at(-1)?.startsWith("POST ") && server.seen.at(-1)?.endsWith("/comment")
        ? "slow"
        : undefined;
    server.lateMs = 60_000;

    const child = box.start(["note", "last", "--to", "INC-4211"]);
    await until(() => notesOf(id).length === 1, 20_000);
    child.kill("SIGKILL");
    await once(child, "exit");
    server.faultOf = () => undefined;

    assert.equal(box.receipt().notes[0]?.reason, "it was being sent");
    const again = await box.runBeside(["note", "last", "--to", "INC-4211"]);
    assert.equal(again.status, 0, again.stderr);
    assert.equal(notesOf(id).length, 1);
  });

  test("two at once post one note", async (t) => {
    const box = sandbox(t);
    await box.runBeside(capture(await target(t), "--no-note"));

    const both = await Promise.all([1, 2].map(() => box.runBeside(["note", "last", "--to", "INC-4211"])));

    assert.deepEqual(
      both.map(({ status }) => status),
      [0, 0],
    );
    assert.equal(notesOf(box.ids()[0] ?? "").length, 1);
  });

  test("--dry-run shows the exact requests without the token and sends nothing; --print knows every format", async (t) => {
    const box = sandbox(t);
    await box.runBeside(capture(await target(t), "--no-note", "-i", "INC-4211"));
    const seen = server.seen.length;

    const dry = await box.runBeside(["note", "last", "--dry-run"]);
    const printed = new Map<string, string>();
    for (const format of ["text", "markdown", "html", "adf", "wiki", "slack", "chat"])
      printed.set(format, (await box.runBeside(["note", "last", "--print", format])).stdout);

    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /^INC-4211: would go to jira http/);
    assert.match(dry.stdout, /\n {2}POST http:\S+\/rest\/api\/3\/issue\/INC-4211\/comment\n/);
    assert.match(dry.stdout, /\n {2}authorization: Basic \*\*\*\n/);
    assert.ok(!dry.stdout.includes(vendor.token));
    assert.equal(server.seen.length, seen);
    for (const [format, text] of printed) assert.ok(text.includes(box.ids()[0] ?? "-"), format);
    assert.equal(JSON.parse(printed.get("adf") ?? "").version, 1);
  });

  test("--attach gives the record the file once, and says where none are taken", async (t) => {
    const box = sandbox(t);
    await box.runBeside(capture(await target(t), "--no-note"));

    const large = await box.runBeside(["note", "last", "--to", "INC-4211", "--attach", "report"]);
    const none = await box.runBeside(["note", "last", "--to", "INC-4211", "--attach", "core"]);

    // The site of this test takes 1,000 bytes.
    assert.equal(large.status, 5, large.stderr);
    assert.match(
      large.stderr,
      /report: INC-4211: failed: .*the site takes 1000; the note has the link to it/,
    );
    assert.equal(none.status, 2);
  });

  test("--supersede changes the note that is there", async (t) => {
    const box = sandbox(t);
    await box.runBeside(capture(await target(t), "-i", "INC-4211"));

    const again = await box.runBeside(["note", "last", "--supersede"]);

    assert.equal(again.status, 0, again.stderr);
    assert.match(again.stderr, /INC-4211: updated/);
    assert.equal(notesOf(box.ids()[0] ?? "").length, 1);
  });
});
