import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGoMemory, parseGoroutines, pausesBetween } from "../../src/parsers/pprof.ts";
import { fixture } from "../helpers/recorded.ts";

test("a goroutine profile gives the total and the stacks, the innermost function first", () => {
  const profile = parseGoroutines(fixture("linux/pprof/goroutines-304.txt"));

  assert.equal(profile?.total, 304);
  assert.deepEqual(profile.stacks[0], {
    count: 300,
    functions: ["main.waitsForever"],
    line: profile.stacks[0]?.line,
  });
  assert.match(profile.stacks[0]?.line ?? "", /^300 @ 0x/);
  assert.equal(
    profile.stacks.reduce((sum, { count }) => sum + count, 0),
    304,
  );
});

test("what is no goroutine profile is none", () => {
  for (const text of [
    "",
    "<html>404</html>",
    "x\ngoroutine profile: total 4\n",
    "goroutine profile: total \n",
  ])
    assert.equal(parseGoroutines(text), undefined);
});

test("a heap profile gives the collections and the ring of their pauses, and a cut one nothing", () => {
  const text = fixture("linux/pprof/heap.txt");
  const memory = parseGoMemory(text);

  assert.ok(memory !== undefined && memory.collections > 0);
  assert.equal(memory.pausesNs.length, 256);
  assert.equal(memory.pausesNs.filter((ns) => ns > 0).length, memory.collections);
  assert.equal(memory.line, `# NumGC = ${memory.collections}`);
  assert.equal(parseGoMemory(text.slice(0, text.indexOf("# NumGC"))), undefined);
});

const at = (collections: number, pausesNs: readonly number[]) => ({
  collections,
  pausesNs,
  heapInUseBytes: undefined,
  line: "",
});

test("pauses between two looks follow the ring, and are unknown when it went around", () => {
  // A ring of four: collection n is at (n - 1) % 4.
  assert.deepEqual(pausesBetween(at(3, [1, 2, 3, 0]), at(6, [5, 6, 3, 4])), [4, 5, 6]);
  assert.deepEqual(pausesBetween(at(3, [1, 2, 3, 0]), at(3, [1, 2, 3, 0])), []);
  assert.equal(pausesBetween(at(3, [1, 2, 3, 0]), at(8, [5, 6, 7, 8])), undefined);
  assert.equal(pausesBetween(at(3, [1, 2, 3, 0]), at(1, [5, 0, 0, 0])), undefined);
});
