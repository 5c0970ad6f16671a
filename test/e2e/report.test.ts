// exhibit report on bundles as they lie in a spool.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ReportResult } from "../../src/commands/results/report.ts";
import { openSandbox } from "../helpers/exhibit.ts";
import { sealWithZip } from "../helpers/whole-bundle.ts";

describe("exhibit report", () => {
  const box = openSandbox();
  mkdirSync(box.spool, { recursive: true });
  after(() => box.remove());
  const sealed = sealWithZip(box.spool, {
    evidence: {
      "evidence/open-files/summary.json": JSON.stringify({ open: 51, limit: 1024, types: { socket: 51 } }),
    },
  });

  test("prints the page of the evidence, and leaves the bundle as it was sealed", async () => {
    const { path, captureId } = await sealed;
    const inBundle = readFileSync(join(path, "report.html"), "utf8");

    const { status, stdout } = box.run(["report", "last"]);

    assert.equal(status, 0);
    assert.match(stdout, /^<!doctype html>/);
    assert.match(stdout, /Open file descriptors <small\s*>51 of 1,024/);
    assert.equal(readFileSync(join(path, "report.html"), "utf8"), inBundle);
    assert.equal(box.run(["verify", captureId]).status, 0);
  });

  test("writes the same page to a file, and says where", async () => {
    await sealed;
    const file = join(box.folder, "page.html");

    const { status, stdout } = box.run(["report", "last", "--output", file, "--json"]);

    assert.equal(status, 0);
    const told = ReportResult.parse(JSON.parse(stdout));
    assert.equal(told.bytes, statSync(file).size);
    assert.equal(told.file, file);
    assert.equal(box.run(["report", "last"]).stdout, readFileSync(file, "utf8"));
  });

  test("writes into no bundle", async () => {
    const { path } = await sealed;

    for (const file of [join(path, "report.html"), join(path, "evidence/new.html"), "/nowhere/at/all.html"]) {
      const { status, stderr } = box.run(["report", "last", "-o", file]);

      assert.equal(status, 2, file);
      assert.match(stderr, /a sealed bundle is never changed|no such folder/);
    }
    assert.equal(box.run(["verify", "last"]).status, 0);
  });

  test("exits with 2 for a bundle that is not there", () => {
    assert.equal(box.run(["report", "no-such-bundle"]).status, 2);
  });
});
