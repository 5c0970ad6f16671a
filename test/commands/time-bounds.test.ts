import assert from "node:assert/strict";
import { test } from "node:test";
import { idTime, instantOfId, parseTime, readTimeBounds } from "../../src/commands/time-bounds.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");

function read(text: string): string | undefined {
  const atMs = parseTime(text, NOW);
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

test("a time is a while ago or an instant, in UTC unless it says otherwise; anything else is none", () => {
  assert.equal(read("2h"), "2026-11-22T10:00:00.000Z");
  assert.equal(read("2026-11-22"), "2026-11-22T00:00:00.000Z");
  assert.equal(read("2026-11-22T03:12"), "2026-11-22T03:12:00.000Z");
  assert.equal(read("2026-11-22 03:12:07Z"), "2026-11-22T03:12:07.000Z");
  assert.equal(read("2026-11-22T03:12:07+01:00"), "2026-11-22T02:12:07.000Z");
  for (const text of ["", "yesterday", "2026", "2026-02-31", "2026-13-01", "2026-11-22T25:00", "-2h", "7d"])
    assert.equal(read(text), undefined, text);
});

test("bounds that are no times, or exclude each other, are refused with an example", () => {
  assert.throws(() => readTimeBounds({ since: "soon", until: undefined }, NOW), { name: "UsageError" });
  assert.throws(() => readTimeBounds({ since: "1h", until: "2h" }, NOW), { name: "UsageError" });
});

test("the beginning of an id is its second, there and back", () => {
  const at = "2026-11-22T03:12:07Z";

  assert.equal(idTime(Date.parse(at)), "20261122T031207Z");
  assert.equal(instantOfId("20261122T031207Z-cn14-muskie_7-4f2a91"), at);
});
