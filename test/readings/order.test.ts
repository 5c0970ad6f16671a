import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { ReadingRecord } from "../../src/bundle/manifest.ts";
import { FIRST, LAST, orderReadings } from "../../src/readings/order.ts";

function reading(id: string, value = 0): ReadingRecord {
  return { id, collector: "c", text: id, value, unit: "count", file: "evidence/c/f.txt" };
}

test("what a person would act on comes first, what is only good to know last, what is not ranked between", () => {
  const ids = [...LAST, "new-kind", ...FIRST, "other-kind"].toReversed();

  const ordered = orderReadings(ids.map((id) => reading(id))).map(({ id }) => id);

  assert.deepEqual(ordered, [...FIRST, "other-kind", "new-kind", ...LAST]);
});

const besideBusyThread = (percent: number) =>
  orderReadings([reading("load"), reading("core-size"), reading("thread-cpu", percent)]).map(({ id }) => id);

test("a thread that is never off the CPU is told before the state of the host, a busy one after it", () => {
  assert.deepEqual(besideBusyThread(90), ["thread-cpu", "load", "core-size"]);
  assert.deepEqual(besideBusyThread(89), ["load", "thread-cpu", "core-size"]);
});

test("readings of one rank stay in their order, and none is lost or made up", () => {
  const id = fc.constantFrom(...FIRST, ...LAST, "one", "two");
  fc.assert(
    fc.property(fc.array(id), (ids) => {
      const readings = ids.map((one, index) => reading(one, index / 1000));

      const ordered = orderReadings(readings);

      assert.deepEqual(
        ordered.toSorted((a, b) => a.value - b.value),
        readings,
      );
      for (const one of new Set(ids)) {
        const places = ordered.filter((record) => record.id === one).map(({ value }) => value);
        assert.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
        );
      }
    }),
  );
});

test("every reading with a rank is one that some rule or collector makes", () => {
  const sources = ["collectors", "readings/rules"]
    .map((room) => new URL(`../../src/${room}`, import.meta.url).pathname)
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts"))
        .map((path) => readFileSync(join(folder, path), "utf8")),
    )
    .join("\n");

  const unknown = [...FIRST, ...LAST].filter((id) => !sources.includes(`"${id}"`));

  assert.deepEqual(unknown, []);
});
