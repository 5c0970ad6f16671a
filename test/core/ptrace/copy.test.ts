// Slow: kills or strangers by the hundred; not part of npm run test:quick.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSystem } from "../../../src/core/ptrace/system.ts";
import { compareCopy, isOneInstant, startBusyNode } from "../../helpers/one-instant.ts";

test("a copy of a Node that allocates all the time has every area of that instant, byte for byte", async (t) => {
  const { pid, end } = await startBusyNode();
  t.after(end);
  const system = await openSystem();

  for (let round = 0; round < 5; round++) {
    const compared = compareCopy(system, pid);

    assert.ok(compared.forkableAreas > 20, "V8's heap is marked MADV_DONTFORK");
    assert.ok(isOneInstant(compared), JSON.stringify(compared));
  }
});
