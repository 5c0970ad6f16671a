// Needs: minutes
import assert from "node:assert/strict";
import { test } from "node:test";
import { attachRounds, disturbRounds } from "../helpers/inspect-rounds.ts";

test("ten times in and out under load: the target lives, and each time its port is closed", async () => {
  const { deaths, inside, leftBehind, problems } = await attachRounds(10);

  assert.deepEqual(problems, []);
  assert.deepEqual({ deaths, inside, leftBehind }, { deaths: 0, inside: 10, leftBehind: 0 });
});

for (const [how, what] of [
  ["SIGKILL", "killed"],
  ["SIGSTOP", "frozen"],
] as const)
  test(`a capture ${what} at any moment leaves nothing in the target, which never stalls`, async () => {
    const result = await disturbRounds(4, how, { beside: 2 });

    assert.deepEqual(result.problems, []);
    assert.deepEqual([result.deaths, result.leftBehind], [0, 0]);
    assert.ok(result.inside >= 1, `only ${result.inside} of 4 came while it was inside`);
    assert.ok(result.longestStallMs < 3000, `no answer for ${result.longestStallMs} ms`);
  });
