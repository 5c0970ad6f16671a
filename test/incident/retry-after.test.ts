import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRetryAfter } from "../../src/incident/retry-after.ts";

const now = Date.parse("2026-11-22T03:12:00Z");

test("Retry-After is read as seconds, and as a date by the receiver's clock", () => {
  assert.equal(parseRetryAfter("120", null, now), 120_000);
  assert.equal(parseRetryAfter("Sun, 22 Nov 2026 03:13:00 GMT", null, now), 60_000);
  assert.equal(
    parseRetryAfter("Sun, 22 Nov 2026 05:13:00 GMT", "Sun, 22 Nov 2026 05:12:50 GMT", now),
    10_000,
  );
  assert.equal(parseRetryAfter("Sun, 22 Nov 2020 03:13:00 GMT", null, now), 0);
});

test("an absurd Retry-After is a day, nonsense is unknown", () => {
  assert.equal(parseRetryAfter("999999999", null, now), 86_400_000);
  for (const header of [null, "", "soon", "-5", "1e9"])
    assert.equal(parseRetryAfter(header, null, now), undefined);
});

test("parseRetryAfter never throws and never gives a negative or endless time", () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.string()), (header, date) => {
      const ms = parseRetryAfter(header, date, now);

      assert.ok(ms === undefined || (ms >= 0 && ms <= 86_400_000));
    }),
  );
});
