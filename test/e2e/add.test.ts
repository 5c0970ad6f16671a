// `exhibit add` with real files: what goes in comes out, bad input begins nothing, and a stop in the middle is told.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { copyFile } from "../../src/capture/copy-file.ts";
import { closeFiles, openFiles } from "../../src/capture/files-to-add.ts";
import { AddResult } from "../../src/commands/results/during.ts";
import { openQuota } from "../../src/host/disk.ts";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { mountSmall } from "../helpers/mounted.ts";
import { until } from "../helpers/until.ts";

const box = openSandbox();
const undo: (() => void)[] = [box.remove];
after(() => {
  for (const one of undo.toReversed()) one();
});

const BINARY = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));

function file(name: string, data: string | Uint8Array): string {
  const path = join(box.folder, name);
  writeFileSync(path, data);
  return path;
}

/** Holes only: it takes no room, and a while to read. */
function hugeFile(name: string): string {
  const path = file(name, "");
  truncateSync(path, 200 * 1024 ** 3);
  return path;
}

const List = z.array(z.object({ member: z.string(), from: z.string(), sha256: z.string() }));

test("a binary file is the same after zip and verify, text is masked, and the note names both", () => {
  const shot = file("shot.png", BINARY);
  const log = file("app.log", "née password=hunter2-hunter2\n");

  const added = box.run(["add", "-i", "INC-8", "-m", "dashboard, 03:10", shot, log]);

  assert.equal(added.status, 0, added.stderr);
  assert.equal(added.stdout, `${box.ids().at(-1)}\n`);
  assert.match(added.stderr, /shot\.png {2}70 kB/);
  const { captureId, state, made, files, added: told } = box.anyManifest();
  assert.deepEqual(
    [state, made, told?.map(({ member, bytes }) => [member, bytes])],
    [
      "complete",
      "add",
      [
        ["shot.png", 70_000],
        ["app.log", 29 + 1],
      ],
    ],
  );
  assert.deepEqual(
    files.filter(({ unmasked }) => unmasked).map(({ path }) => path),
    ["evidence/files/shot.png"],
  );
  const zip = join(box.spool, captureId, "bundle.zip");
  const unzipped = execFileSync("unzip", ["-p", zip, `${captureId}/evidence/files/shot.png`]);
  assert.ok(unzipped.equals(BINARY));
  assert.match(box.read("evidence/files/app.log"), /^née password=\[hidden:/);
  const list = List.parse(JSON.parse(box.read("evidence/files/files.json")));
  const digest = execFileSync("sha256sum", [log], { encoding: "utf8" }).slice(0, 64);
  assert.deepEqual([list[1]?.from, list[1]?.sha256], [log, digest]);
  const note = box.run(["note", "last"]).stdout;
  assert.match(note, /^Files from .*: shot\.png, app\.log\n"dashboard, 03:10" /);
  assert.match(note, /Got {5}shot\.png \(70 kB, binary, not masked\), app\.log \(30 B\)\n/);
  assert.equal(box.run(["verify", "last"]).status, 0);
});

test("one file that cannot be added begins nothing, and each is named", () => {
  const before = box.ids();
  const good = file("good", "x");
  symlinkSync("good", join(box.folder, "link"));
  execFileSync("mkfifo", [join(box.folder, "fifo")]);
  mkdirSync(join(box.folder, "folder"));
  const words = ["link", "fifo", "folder", "gone"].map((name) => join(box.folder, name));

  const added = box.run(["add", good, ...words, "/dev/null"]);
  const none = box.run(["add"]);

  assert.deepEqual([added.status, added.stdout, none.status], [2, "", 2]);
  for (const reason of [
    "link is a link",
    "fifo is no regular file",
    "folder is a folder",
    "gone is not there",
    "/dev/null is no regular file",
  ])
    assert.ok(added.stderr.includes(reason), added.stderr);
  assert.doesNotMatch(added.stderr, /good/);
  assert.deepEqual(box.ids(), before);
});

test("a file that we may not read is refused, and a spool that is not ours is named", () => {
  const mine = openSandbox();
  undo.push(mine.remove);
  chmodSync(mine.folder, 0o777);
  chownSync(mine.settings, 65_534, 65_534);
  writeFileSync(join(mine.folder, "secret"), "x", { mode: 0o600 });
  writeFileSync(join(mine.folder, "open"), "x", { mode: 0o644 });
  mkdirSync(mine.spool, { mode: 0o700 });

  const unreadable = mine.run(["add", join(mine.folder, "secret")], { uid: 65_534 });
  const notOurs = mine.run(["add", join(mine.folder, "open")], { uid: 65_534 });

  assert.deepEqual([unreadable.status, notOurs.status], [2, 1], notOurs.stderr);
  assert.match(unreadable.stderr, /secret cannot be read: EACCES/);
  assert.match(notOurs.stderr, /cannot begin a bundle: EACCES/);
});

test("hostile names become names of ours, and no two are the same", () => {
  const names = [
    "a\nb.log",
    "-rf",
    "\u202egnp.exe",
    "é.png",
    "Same.txt",
    "same.TXT",
    "files.json",
    "x.redacting",
    ".hidden",
    "a".repeat(200),
  ];
  mkdirSync(join(box.folder, "other"));
  const paths = [...names.map((name) => file(name, name)), file("other/Same.txt", "other")];

  const added = box.run(["add", "--no-note", ...paths]);

  assert.equal(added.status, 0, added.stderr);
  const told = box.anyManifest().added ?? [];
  assert.deepEqual(
    told.map(({ member }) => member),
    [
      "file-1.log",
      "-rf",
      "file-1.exe",
      "file-1.png",
      "Same.txt",
      "file-1.TXT",
      "file-1.json",
      "file-1",
      "file-1.hidden",
      "file-2",
      "file-2.txt",
    ],
  );
  assert.deepEqual(
    told.map(({ member }) => box.read(`evidence/files/${member}`)),
    [...names, "other"],
  );
  assert.doesNotMatch(added.stderr, /\u202e/);
  assert.equal(box.run(["verify", "last"]).status, 0);
});

test("cores and heap snapshots are packed and stay out of the zip", () => {
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  head.writeUInt16LE(4, 16);
  const core = file("core.1", Buffer.concat([head, Buffer.from("password=hunter2-hunter2")]));
  const packed = file("core.1.zst", "came packed");
  const heap = file("web.heapsnapshot", "{}");

  const added = box.run(["add", "--json", packed, core, heap]);

  const { files, capture } = AddResult.parse(JSON.parse(added.stdout));
  assert.ok(capture.saved && capture.state === "complete", added.stderr);
  assert.deepEqual(
    files.map(({ member }) => member),
    ["core.1.zst", "file-1.1", "web.heapsnapshot"],
  );
  const sealed = box.anyManifest().files.filter(({ sensitivity }) => sensitivity === "core");
  assert.deepEqual(
    sealed.map(({ path, inZip }) => [path, inZip]),
    ["core.1.zst", "file-1.1.zst", "web.heapsnapshot.zst"].map((name) => [`evidence/files/${name}`, false]),
  );
  assert.equal(box.read("evidence/files/core.1.zst"), "came packed");
  const unpacked = execFileSync("zstd", [
    "-dc",
    join(box.spool, capture.captureId, "evidence/files/file-1.1.zst"),
  ]);
  assert.ok(unpacked.equals(readFileSync(core)));
});

test("much for the disk needs --yes, and more than there is room for begins nothing", () => {
  const small = openSandbox();
  undo.push(small.remove, mountSmall(small.spool, 4 * 1024 ** 2));
  const half = file("half", Buffer.alloc(2_500_000, "x"));
  const whole = file("whole", Buffer.alloc(5_000_000, "x"));

  const asked = small.run(["add", half]);
  const tooMuch = small.run(["add", "--yes", whole]);
  const begun = small.ids();
  const yes = small.run(["add", "--yes", "--no-upload", half]);

  assert.deepEqual([asked.status, tooMuch.status, begun], [2, 1, []]);
  assert.match(asked.stderr, /1 file, 2\.5 MB; .* are free/);
  assert.match(tooMuch.stderr, /do not fit/);
  assert.notEqual(yes.status, 2, yes.stderr);
  assert.equal(small.read("evidence/files/half").length, 2_500_000);
});

test("a file that changes while it is copied is told, and is never more than it had", async () => {
  const path = file("growing.log", "first\n");
  const quota = openQuota(box.folder, { keepFree: { bytes: 0 }, maxBytes: 1000 });
  const { files } = await openFiles([path]);
  const [growing] = files;
  assert.ok(growing);

  appendFileSync(path, "second\n");
  const copy = join(box.folder, "copy");
  const copied = await copyFile(growing, copy, { quota, signal: new AbortController().signal });
  await closeFiles(files);

  assert.deepEqual(
    [copied.bytes, copied.problem],
    [6, "changed while it was copied: it had 6 bytes, then 13"],
  );
  assert.equal(readFileSync(copy, "utf8"), "first\n");
});

test("stopped while it copies, it seals what there is as partial", async () => {
  const run = box.start(["add", "--no-upload", "-i", "INC-9", hugeFile("huge")]);
  const before = box.ids().length;
  await until(() => box.ids().length > before, 30_000);

  run.kill("SIGINT");

  assert.equal((await once(run, "close"))[0], 130, run.output());
  const { state, collectors } = box.anyManifest();
  assert.deepEqual([state, collectors[0]?.reason], ["partial", "huge: you stopped it"]);
});

test("killed while it copies, the next command seals what there is, and verifies it", async () => {
  const text = file("text.log", "password=hunter2-hunter2\n");
  const run = box.start(["add", text, file("bin", BINARY), hugeFile("core.huge.gz")]);
  const before = box.ids().length;
  await until(() => box.ids().length > before, 30_000);
  const id = box.ids().at(-1) ?? "";
  await until(() => run.exitCode === null && box.run(["--version"]).status === 0, 30_000);

  run.kill("SIGKILL");
  await once(run, "close");
  const next = box.run(["ls"]);

  assert.equal(next.status, 0, next.stderr);
  const { state, stateReason, collectors, added, files } = box.anyManifest(id);
  assert.deepEqual([state, stateReason], ["interrupted", "exhibit was killed while it copied"]);
  assert.deepEqual([collectors[0]?.status, added?.length], ["partial", 3]);
  const of = (name: string) => files.find(({ path }) => path === `evidence/files/${name}`);
  assert.deepEqual(
    [of("bin")?.unmasked, of("text.log")?.unmasked, of("core.huge.gz")?.sensitivity],
    [true, undefined, "core"],
  );
  assert.match(box.read("evidence/files/text.log", id), /^password=\[hidden:/);
  await assertCleanAfterwards(box);
});
