import assert from "node:assert/strict";
import { test } from "node:test";
import { killRounds } from "../helpers/kill-rounds.ts";

test("killed at any moment, the next command seals the bundle, it verifies, and the target runs", async () => {
  // Two at a time, with a short look, since a capture mostly waits; npm run bench:kill does hundreds, one by one, as by default.
  const result = await killRounds(10, { beside: 2, settings: "capture: {window: 1s}\n" });

  const { kills, bundles, sealed, verified, leftStopped, targetsDead, strays, problems } = result;
  assert.deepEqual(problems, []);
  assert.deepEqual(
    { sealed, verified, leftStopped, targetsDead, strays },
    { sealed: bundles, verified: bundles, leftStopped: 0, targetsDead: 0, strays: 0 },
  );
  assert.equal(kills, 10);
  assert.ok(bundles >= 6, `only ${bundles} kills came after the bundle had begun`);
  assert.ok((result.states.interrupted ?? 0) >= 3, JSON.stringify(result.states));
});
