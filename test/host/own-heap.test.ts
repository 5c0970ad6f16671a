import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { programOfText } from "../helpers/program.ts";

const OWN_HEAP = join(import.meta.dirname, "../../src/host/own-heap.ts");

/** MB that V8 has for new objects after much work with them, which is done by a process of its own. */
function newSpaceAfter(first: string): number {
  const work = `
    import { getHeapSpaceStatistics } from "node:v8";
    ${first}
    const kept = [];
    for (let round = 0; round < 300; round++) {
      kept.push(Array.from({ length: 5000 }, (_, id) => ({ id })));
      if (kept.length > 20) kept.shift();
    }
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size / 1e6);
  `;
  const [node, program] = programOfText(work);
  const { stdout, stderr } = spawnSync(node, [program], { encoding: "utf8" });
  assert.equal(stderr, "");
  return Number(stdout);
}

test("a heap that is kept small does not take more for new objects, however many are made", () => {
  const small = newSpaceAfter(`import { keepHeapSmall } from ${JSON.stringify(OWN_HEAP)}; keepHeapSmall();`);
  const usual = newSpaceAfter("");

  assert.ok(usual >= 4 * small, `${usual} MB, and kept small ${small} MB`);
});
