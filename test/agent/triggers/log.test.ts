import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { openLineMatcher } from "../../../src/agent/triggers/line-matcher.ts";
import { LINE_LIMIT_BYTES, openLineSplitter } from "../../../src/agent/triggers/line-splitter.ts";
import { openLogFile, type LogFile } from "../../../src/agent/triggers/log-file.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-log-"));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const cut = (line: string) => Buffer.from(line).subarray(0, LINE_LIMIT_BYTES).toString("utf8");
const textOf = async (file: LogFile) => (await file.read()).bytes.toString();
const newPath = () => join(folder, `${++count}.log`);

describe("lines of a log", () => {
  test("are the same however the bytes come, and none is longer than its limit", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("a", "é", "\n", "b".repeat(3000)), maxLength: 12 })),
        (pieces) => {
          const { take } = openLineSplitter();
          const text = pieces.join("");

          const lines = pieces.flatMap((piece) => take(Buffer.from(piece)));

          assert.deepEqual(lines, text.split("\n").slice(0, -1).map(cut));
        },
      ),
    );
  });

  test("a pattern that would take years is given up in time, and others are not hurt", () => {
    const hostile = openLineMatcher("^(a+)+$");
    const start = performance.now();

    const given = hostile.count([`${"a".repeat(LINE_LIMIT_BYTES - 1)}b`]);

    assert.equal(given, undefined);
    assert.ok(performance.now() - start < 10_000);
    assert.equal(hostile.count(["aaa", "b"]), 1);
    assert.equal(openLineMatcher("ECONN(RESET|REFUSED)").count(["ECONNRESET", "x", "ECONNREFUSED"]), 2);
  });
});

describe("a log file", () => {
  test("is read from its end on, as it grows", async () => {
    const path = newPath();
    writeFileSync(path, "old\n");
    const file = openLogFile(path);

    const first = await textOf(file);
    appendFileSync(path, "new\n");

    assert.deepEqual([first, await textOf(file)], ["", "new\n"]);
    await file.close();
  });

  test("that is rotated away loses nothing: its rest is read, then the new one from its beginning", async () => {
    const path = newPath();
    writeFileSync(path, "old\n");
    const file = openLogFile(path);
    await file.read();
    appendFileSync(path, "last\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "first\n");
    appendFileSync(`${path}.1`, "later\n");

    const read = [await textOf(file), await textOf(file), await textOf(file)].join("");

    assert.equal(read, "last\nlater\nfirst\n");
    await file.close();
  });

  test("that is copied away and emptied is read from its beginning", async () => {
    const path = newPath();
    writeFileSync(path, "old and long\n");
    const file = openLogFile(path);
    await file.read();
    truncateSync(path);
    writeFileSync(path, "new\n");

    const { bytes, isCut } = await file.read();

    assert.deepEqual([bytes.toString(), isCut], ["new\n", true]);
    await file.close();
  });

  test("that comes later is read from its beginning; a folder in its place is an error", async () => {
    const path = newPath();
    const file = openLogFile(path);
    await assert.rejects(file.read(), { code: "ENOENT" });
    writeFileSync(path, "new\n");

    assert.equal(await textOf(file), "new\n");
    await file.close();
    await assert.rejects(openLogFile(folder).read(), { code: "EINVAL" });
  });

  test("that grew by more than can be read goes on near its end", async () => {
    const path = newPath();
    writeFileSync(path, "");
    const file = openLogFile(path);
    await file.read();
    truncateSync(path, 40 * 1024 ** 2);
    appendFileSync(path, "end\n");

    const { bytes, isCut } = await file.read();

    assert.equal(isCut, true);
    assert.ok(bytes.toString().endsWith("\0end\n"));
    await file.close();
  });
});
