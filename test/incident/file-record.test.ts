// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { NoteError } from "../../src/errors.ts";
import { openFileRecord, recordFileName } from "../../src/incident/file-record.ts";
import { programOf } from "../helpers/program.ts";
import { sampleNote } from "./sample-note.ts";

const WRITER = programOf(fileURLToPath(new URL("post-note-process.ts", import.meta.url)));

async function startWriter(folder: string, incident: string, captureIds: readonly string[]) {
  const [node, program] = WRITER;
  const child = spawn(node, [program, folder, incident, ...captureIds], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

function markers(text: string): readonly string[] {
  return [...text.matchAll(/^<!-- exhibit:(.*) -->$/gm)].map((match) => match[1] ?? "");
}

test("a plain reference names its file; any other gets a digest, so that no two meet", () => {
  assert.equal(recordFileName("INC-4211"), "INC-4211.md");
  const names = [
    "gh:org/repo#7",
    "gh_org_repo_7",
    "../../etc/passwd",
    "..",
    ".hidden",
    "-rf",
    "",
    "a\nb",
    "x".repeat(300),
    "INC-4211\0",
  ].map(recordFileName);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_][A-Za-z0-9._-]{0,110}\.md$/);
  assert.equal(new Set(names).size, names.length);
  assert.notEqual(
    recordFileName(recordFileName("gh:org/repo#7").slice(0, -3)),
    recordFileName("gh:org/repo#7"),
  );
});

describe("a record file", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "file-record-"));
  });
  after(() => rm(folder, { recursive: true }));

  const { outcome: _outcome, ...rest } = sampleNote;
  const withoutOutcome = { ...rest, outcome: undefined };

  test("is made with a heading and the note", async () => {
    const record = openFileRecord(join(folder, "new", "incidents"));

    const posted = await record.post(sampleNote, "INC-4211");

    assert.deepEqual(posted, { state: "posted", where: join(folder, "new", "incidents", "INC-4211.md") });
    const text = await readFile(posted.where, "utf8");
    assert.match(text, /^# INC-4211\n\n<!-- exhibit-note:/);
    assert.equal((await stat(posted.where)).mode & 0o777, 0o600);
  });

  test("takes the same note once, and the outcome in its place", async () => {
    const record = openFileRecord(folder);
    const first = await record.post(withoutOutcome, "INC-1");

    const again = await record.post(withoutOutcome, "INC-1");
    const complete = await record.post(sampleNote, "INC-1");
    const late = await record.post(withoutOutcome, "INC-1");

    assert.deepEqual(
      [first, again, complete, late].map(({ state }) => state),
      ["posted", "present", "updated", "present"],
    );
    const text = await readFile(first.where, "utf8");
    assert.deepEqual(markers(text), [sampleNote.captureId]);
    assert.match(text, /exit 0 after 2\.1 s/);
  });

  test("keeps what people wrote, byte for byte, and who may read it", async () => {
    const path = join(folder, "INC-2.md");
    const words = Buffer.concat([Buffer.from("# Ours \u00e0\n\nlatin1: "), Buffer.from([0xe9, 0xff, 0xa0])]);
    await writeFile(path, words);
    await chmod(path, 0o664);

    await openFileRecord(folder).post(sampleNote, "INC-2");

    const data = await readFile(path);
    assert.deepEqual(data.subarray(0, words.length), words);
    assert.equal((await stat(path)).mode & 0o777, 0o664);
  });

  test("refuses a link and says so", async () => {
    await symlink("/etc/hostname", join(folder, "INC-3.md"));

    await assert.rejects(openFileRecord(folder).post(sampleNote, "INC-3"), (error) => {
      assert.ok(error instanceof NoteError);
      assert.equal(error.retryable, false);
      assert.match(error.message, /INC-3\.md: cannot write the note: ELOOP/);
      return true;
    });
  });

  test("loses no note of twenty processes that write at once", { timeout: 120_000 }, async () => {
    const ids = Array.from({ length: 20 }, (_, writer) =>
      [0, 1, 2].map((note) => `writer-${writer}-note-${note}`),
    );
    const children = [];
    for (const mine of ids) children.push(await startWriter(folder, "INC-20", mine));

    const ends = children.map((child) => once(child, "exit"));
    for (const child of children) child.stdin.end("go\n");
    const codes = (await Promise.all(ends)).map(([code]) => code);

    assert.deepEqual(new Set(codes), new Set([0]));
    const text = await readFile(join(folder, "INC-20.md"), "utf8");
    assert.deepEqual(markers(text).toSorted(), ids.flat().toSorted());
    const locks = (await readdir(join(folder, ".locks"))).filter((name) => name.startsWith("INC-20."));
    assert.equal(locks.length, 1);
  });
});
