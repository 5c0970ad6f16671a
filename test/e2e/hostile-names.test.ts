// A target, an operator and a COMMAND whose every name is an attack. The bundle keeps the bytes; what people read, on the
// terminal, in the note, the report and the manifest, holds no control character, and no path holds anything of theirs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { openSandbox, stateOf, statusesOf } from "../helpers/exhibit.ts";
import { HOSTILE, HOSTILE_NAME, startHostile } from "../helpers/hostile-target.ts";

const box = openSandbox("capture: {window: 1500ms}\n");
after(() => box.remove());

// Controls but the line break, invisible and bidi characters, separators, halves of surrogates; and what JSON hides.
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]|\\u00[01][0-9a-f]/u;
const TEXT = HOSTILE.toString("utf8").replaceAll("\ufffd", "?");

/** What a person reads, by where it was read. */
const shown = new Map<string, Buffer>();
let pid = 0;
let folder = "";
let stored = "";

const noteFiles = () => readdirSync(join(box.folder, "incidents")).filter((name) => name.endsWith(".md"));

before(async (t) => {
  assert.ok("after" in t);
  ({ pid } = await startHostile(t, box.folder));
  const flags = ["--pid", String(pid), "-b", "12s", "-i", "INC-1", "-i", TEXT, "-m", TEXT];
  const guard = box.run(["guard", ...flags, "--", "true", TEXT]);
  assert.equal(guard.status, 0, guard.stderr);
  const id = box.ids().at(-1) ?? "";
  folder = join(box.spool, id);
  stored = (box.receipt().uploads[0]?.url ?? "").replace("file://", "");
  const said = {
    "guard -v": guard,
    "capture --json": box.run(["capture", ...flags, "-p", "quick", "-b", "3s", "--json", "-v"]),
    "dry run": box.run(["guard", ...flags, "--dry-run", "--", "true", TEXT]),
    show: box.run(["show", id]),
    "show --json": box.run(["show", id, "--json"]),
    ls: box.run(["ls"]),
    "ls --json": box.run(["ls", "--json"]),
    note: box.run(["note", id]),
    push: box.run(["push", id]),
    "not a unit": box.run(["capture", TEXT]),
    "not a pattern": box.run(["capture", "--match", `(${TEXT}`]),
    "not a flag": box.run(["capture", `--${TEXT}`]),
    "not a command": box.run(["guard", "--pid", String(pid), "--", TEXT]),
  };
  for (const [name, { stdout, stderr }] of Object.entries(said)) {
    shown.set(`${name}: stdout`, Buffer.from(stdout));
    shown.set(`${name}: stderr`, Buffer.from(stderr));
  }
  for (const name of [
    "note.md",
    "report.html",
    "manifest.json",
    "capture.json",
    "outcome.json",
    "SHA256SUMS",
  ])
    shown.set(name, readFileSync(join(folder, name)));
  for (const name of noteFiles())
    shown.set(`incidents/${name}`, readFileSync(join(box.folder, "incidents", name)));
});

test("the bundle keeps the bytes as the target chose them", () => {
  const evidence = join(folder, "evidence");
  const read = (path: string) => readFileSync(join(evidence, path));

  assert.deepEqual(read("process/comm.txt"), Buffer.concat([HOSTILE_NAME, Buffer.from("\n")]));
  assert.deepEqual(read("process/cmdline.txt"), readFileSync(`/proc/${pid}/cmdline`));
  assert.ok(read("process/cmdline.txt").length > 1_000_000);
  assert.ok(read("process/stat.txt").includes(HOSTILE_NAME));
  assert.equal(read("process/environment-names.txt").toString(), "PATH\nPYTHONHOME\nPLAIN_NAME\n");
  const logs = readdirSync(join(evidence, "logs")).filter((name) => name.endsWith(".log"));
  assert.equal(logs.length, 2);
  assert.ok(logs.some((name) => read(`logs/${name}`).includes(Buffer.from([0xff, 0xfe, 0xc3, 0x28]))));
  assert.match(read("open-files/pfiles.txt").toString(), /\\x1b\[31mred/);
  assert.match(read("process/links.txt").toString(), /cwd -> .*\\xff\\xfe\\xc3\(/);
});

test("nothing that a person reads holds a control, bidi or invisible character", () => {
  assert.ok(shown.size > 30);
  for (const [name, bytes] of shown) {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const at = text.search(UNSAFE);

    assert.equal(at, -1, `${name}: ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))}`);
  }
});

test("neither note nor report lets the target's markup through", () => {
  for (const [name, bytes] of shown) {
    // What stands between backticks is shown as it is.
    const text = bytes.toString().replaceAll(/(`+)(?!`)[^]*?[^`]\1(?!`)/g, "");
    if (name === "report.html") assert.ok(!bytes.includes("<img"), name);
    if (name.endsWith(".md")) assert.doesNotMatch(text, /(?<!\\)(?:<img|\]\((?:javascript|x):)/, name);
  }
  assert.ok(shown.get("report.html")?.includes("&lt;img"));
});

test("no name of a file, a key or a member of the zip is anybody's but ours", () => {
  const ours = /^[A-Za-z0-9._/-]+$/;
  const names = [folder, stored].flatMap((root) => readdirSync(root, { recursive: true, encoding: "utf8" }));
  const members = execFileSync("unzip", ["-Z1", join(folder, "bundle.zip")], { encoding: "utf8" })
    .trim()
    .split("\n");
  const notes = noteFiles();

  for (const name of [...names, ...members, ...notes, stored.slice(box.folder.length)])
    assert.match(name, ours);
  assert.ok(members.length > 40 && notes.length === 2);
  assert.ok([...names, ...members].every((name) => !name.split("/").includes("..")));
});

test("the collectors do their work on it, the core too, and it still runs", async () => {
  const statuses = statusesOf(box.manifest(box.ids()[0]));

  for (const name of ["process", "sockets", "threads", "host", "logs", "open-files", "core"])
    assert.equal(statuses[name], "ok", `${name}: ${JSON.stringify(statuses)}`);
  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  await assertCleanAfterwards(box);
});
