import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { bundlePaths, isMemberName, makeCaptureId } from "../../src/bundle/layout.ts";
import { CaptureId } from "../../src/bundle/manifest.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const STARTED = "2026-11-22T03:12:07.123Z";

test("an id tells start, host and target, and ends in six random digits", () => {
  const id = makeCaptureId(STARTED, "cn14.example.test", "muskie@7");

  assert.match(id, /^20261122T031207Z-cn14-muskie_7-[0-9a-f]{6}$/);
});

test("whatever strangers call hosts and processes, an id is a valid id and one name of a path", () => {
  const text = fc.oneof(
    fc.string({ unit: CODE_POINT, maxLength: 200 }),
    fc.constantFrom("", ".", "..", "../../etc/passwd", "-rf", "a/b", "a\nb", "\0", "....", "-".repeat(300)),
  );
  fc.assert(
    fc.property(text, text, (host, target) => {
      const id = makeCaptureId(STARTED, host, target);

      assert.ok(CaptureId.safeParse(id).success, id);
      assert.ok(id.length <= 120);
      assert.equal(normalize(join("/spool", id)), `/spool/${id}`);
    }),
  );
});

test("two captures of one moment have different ids", () => {
  const ids = new Set(Array.from({ length: 200 }, () => makeCaptureId(STARTED, "h", "t")));

  assert.ok(ids.size > 190, `${ids.size} of 200`);
});

test("ids sort by their start", () => {
  const earlier = makeCaptureId("2026-11-22T03:12:07.999Z", "z", "z");
  const later = makeCaptureId("2026-11-22T03:12:08.000Z", "a", "a");

  assert.ok(earlier < later);
});

test("a name of a member leads nowhere else, is not hidden, and is no option", () => {
  const good = ["ss.txt", "core.zst", "a", "_", "A-b_c.1", "x".repeat(100)];
  const bad = ["", ".", "..", ".hidden", "a/b", "/a", "a b", "a\n", "ä", "\0", "a\\b", "*", "x".repeat(101)];

  assert.deepEqual(
    good.filter((name) => !isMemberName(name)),
    [],
  );
  assert.deepEqual(bad.filter(isMemberName), []);
});

test("everything of a bundle lies in its folder, or beside it under its id", () => {
  const paths = bundlePaths("/spool", "ID");

  for (const path of [paths.capture, paths.manifest, paths.outcome]) assert.equal(dirname(path), "/spool/ID");
  assert.equal(paths.evidence("core"), "/spool/ID/evidence/core");
  for (const path of [paths.journal, paths.secrets, paths.receipt])
    assert.match(path, /^\/spool\/ID\.[a-z.]+$/);
});
