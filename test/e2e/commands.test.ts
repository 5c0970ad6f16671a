// The commands that look at bundles, as people use them after a capture, and what each prints with --json.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSandbox, type Sandbox } from "../helpers/exhibit.ts";
import { end, start, type Started } from "../helpers/started.ts";
import { until } from "../helpers/until.ts";

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;
// What needs no samples: complete in a moment, whatever the host is doing.
const CHEAP = ["--only", "process,open-files", "-b", "10s"];
const box = openSandbox("capture: {window: 1500ms}\n");
let target: Started;
/** Of INC-1 and sent; of INC-2, guarded, and sent; of INC-1 and kept on this host. */
let sent = "";
let guarded = "";
let kept = "";

function captured(from: Sandbox, ...flags: string[]): string {
  const result = from.run(["capture", "--pid", String(target.pid), ...CHEAP, ...flags]);
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.trim();
}

before(async () => {
  target = await start({ after: () => undefined }, NODE);
  sent = captured(box, "-i", "INC-1");
  const guard = ["guard", "--pid", String(target.pid), "-i", "INC-2", "-m", "it is slow"];
  assert.equal(box.run([...guard, "--only", "process,prstat", "--", "sh", "-c", "exit 7"]).status, 7);
  guarded = box.ids().at(-1) ?? "";
  kept = captured(box, "-i", "INC-1", "--no-upload", "--no-note");
});
after(async () => {
  await end(target.child);
  box.remove();
});

test("ls of a host without bundles prints nothing, says so, and is no failure", () => {
  const empty = openSandbox();

  const result = empty.run(["ls"]);
  const ofIncident = box.run(["ls", "-i", "INC-9"]);

  empty.remove();
  assert.deepEqual([result.status, result.stdout], [0, ""]);
  assert.equal(result.stderr, `exhibit: no bundles in ${empty.spool}\n`);
  assert.deepEqual([ofIncident.status, ofIncident.stdout], [0, ""]);
  assert.match(ofIncident.stderr, /no bundles of INC-9 in /);
});

test("ls lists bundles, oldest first, in 80 columns; --incident picks, --quiet prints the ids alone", () => {
  const all = box.run(["ls"]);
  const quiet = box.run(["ls", "-q"]);
  const picked = box.run(["ls", "-q", "-i", "INC-1"]);

  const [head, ...rows] = all.stdout.trimEnd().split("\n");
  assert.match(head ?? "", /^ID +STATE +SIZE +TO SEND +INCIDENT$/);
  assert.deepEqual(
    rows.map((row) => row.split(/ {2,}/).toSpliced(2, 1)),
    [
      [sent, "complete", "-", "INC-1"],
      [guarded, "complete", "-", "INC-2"],
      [kept, "complete", "-", "INC-1"],
    ],
  );
  assert.ok(rows.every(({ length }) => length <= 80));
  assert.equal(quiet.stdout, `${[sent, guarded, kept].join("\n")}\n`);
  assert.equal(picked.stdout, `${sent}\n${kept}\n`);
});

test("ls --store lists what a store holds, of one incident or all; an unknown store is named", () => {
  const all = box.run(["ls", "--store", "-q"]);
  const picked = box.run(["ls", "--store", "default", "-i", "INC-2"]);
  const none = box.run(["ls", "--store", "-i", "INC-9"]);
  const unknown = box.run(["ls", "--store", "elsewhere"]);

  assert.equal(all.stdout, `${sent}\n${guarded}\n`);
  assert.match(
    picked.stdout,
    new RegExp(`${guarded} +sealed +\\S+ \\S+ +INC-2 +${box.archive}/v1/INC-2/.*/${guarded}\n$`),
  );
  assert.deepEqual([none.status, none.stdout], [0, ""]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /no store is called elsewhere\n.*default/);
});

test("a capture that was killed is sealed by ls and shown as interrupted", async () => {
  const own = openSandbox("capture: {window: 5s}\n");
  const capture = own.start(["capture", "--pid", String(target.pid), "-p", "quick", "-b", "20s"]);
  await until(() => /saving evidence/.test(capture.output()), 30_000);
  const during = own.run(["ls"]);
  const early = own.run(["show", "last"]);

  capture.kill("SIGKILL");
  await until(() => capture.signalCode !== null, 30_000);
  const ls = own.run(["ls"]);
  const show = own.run(["show", "last"]);
  const verify = own.run(["verify", "last"]);

  own.remove();
  assert.match(during.stdout, / capturing /);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /is still being captured/);
  assert.match(ls.stdout, / interrupted .* upload\n/);
  assert.match(show.stdout, /^\S+ {2}interrupted\nexhibit was killed while it captured\n/);
  assert.equal(verify.status, 0, verify.stdout);
});

test("show takes an id, its unique beginning or end, last, and a folder; it refuses what is unknown or could be several", async () => {
  const stored = box.receipt(sent).uploads[0]?.url ?? "";
  const good = [sent, sent.slice(0, -2), sent.slice(-6), join(box.spool, sent), stored, "last"];
  const bad = ["20200101", "2", "", "./nowhere", `${box.folder}/`];

  const shown = await Promise.all([...good, ...bad].map((asked) => box.runBeside(["show", asked])));

  const ids = shown.slice(0, good.length).map(({ stdout }) => stdout.split(" ")[0]);
  const refused = shown.slice(good.length);
  assert.deepEqual(ids, [sent, sent, sent, sent, sent, kept]);
  for (const { status, stdout } of refused) assert.deepEqual([status, stdout], [2, ""]);
  const said = [
    /no bundle 20200101 in .*\n.*exhibit ls/,
    /any of 3 bundles/,
    /no bundle /,
    /no such folder/,
    /not a bundle/,
  ];
  for (const [index, pattern] of said.entries()) assert.match(refused[index]?.stderr ?? "", pattern);
});

test("show fits 80 columns but for paths, and tells target, reason, mitigation and files", () => {
  const { stdout } = box.run(["show", guarded]);
  const everything = box.run(["show", guarded, "--verbose"]).stdout;

  const wide = stdout.split("\n").filter((line) => line.length > 80);
  assert.deepEqual(
    wide.filter((line) => !line.includes("/")),
    [],
  );
  assert.match(stdout, new RegExp(`^${guarded} {2}complete\nTarget +node \\(pid ${target.pid}, node `));
  assert.match(stdout, /\nReason +"it is slow"/);
  assert.match(stdout, /\nBefore +sh -c exit 7\nThen +exit status 7 after \d+\.\d s\n/);
  assert.match(stdout, /\nNoted +INC-2: posted \S+INC-2\.md\n/);
  assert.match(stdout, /\n threads +ok +=+ +\d+\.\d s\n/);
  assert.match(stdout, / evidence\/process\/ +\d+ files\n/);
  assert.match(everything, / [0-9a-f]{12} {2}evidence\/process\/status\.txt\n/);
});

test("verify says intact, from the spool, the store, or a copy under another name", () => {
  const copy = join(box.folder, "copy");
  cpSync(box.receipt(sent).uploads[0]?.url ?? "", copy, { recursive: true });

  const results = [sent, box.receipt(sent).uploads[0]?.url ?? "", copy].map((asked) =>
    box.run(["verify", asked]),
  );

  for (const { status, stdout } of results) {
    assert.equal(status, 0, stdout);
    assert.match(stdout, new RegExp(`^intact {2}${sent}: \\d+ files are as they were sealed\n`));
  }
});

test("verify names every file that was changed, removed or added, and what is no bundle", () => {
  const copy = join(box.folder, "tampered");
  cpSync(join(box.spool, sent), copy, { recursive: true });
  writeFileSync(join(copy, "note.md"), "nothing happened\n");
  rmSync(join(copy, "evidence/process/status.txt"));
  writeFileSync(join(copy, "evidence/process/new\nline"), "");
  const unpacked = join(box.folder, "unpacked");
  cpSync(join(box.spool, sent), unpacked, { recursive: true });
  rmSync(join(unpacked, "manifest.json"));

  const tampered = box.run(["verify", copy]);
  const zip = box.run(["verify", unpacked]);
  const nowhere = box.run(["verify", "./nowhere"]);

  assert.equal(tampered.status, 1);
  assert.deepEqual(
    tampered.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/: .*/, "")),
    [
      "missing  evidence/process/status.txt",
      "changed  note.md",
      String.raw`added    evidence/process/new\nline`,
    ],
  );
  assert.match(tampered.stderr, new RegExp(`${sent} is not as it was sealed: 3 faults`));
  assert.equal(zip.status, 1);
  assert.match(zip.stdout, /^missing {2}manifest\.json: .*sha256sum -c --ignore-missing SHA256SUMS\n$/);
  assert.match(zip.stderr, /unpacked cannot be checked\n$/);
  assert.equal(nowhere.status, 2);
});

test("a damaged bundle is listed as such, with the reason, and hides no other", () => {
  const own = openSandbox();
  const whole = captured(own);
  const broken = whole.replace(/.{6}$/, "ffffff");
  cpSync(join(own.spool, whole), join(own.spool, broken), { recursive: true });
  writeFileSync(join(own.spool, broken, "manifest.json"), readFileSync(join(own.spool, whole, "note.md")));
  mkdirSync(join(own.spool, "stray"));

  const ls = own.run(["ls"]);
  const show = own.run(["show", broken]);
  const last = own.run(["show", "last"]);

  own.remove();
  assert.equal(ls.status, 0);
  assert.match(ls.stdout, new RegExp(`${whole} +complete [^]*${broken} +damaged [^]*stray +damaged `));
  assert.match(ls.stderr, new RegExp(`${broken}: manifest.json: `));
  assert.equal(show.status, 1);
  assert.match(show.stderr, /is damaged: manifest\.json: .*\n.*its files are in /);
  assert.equal(last.stdout.split(" ")[0], whole);
});
