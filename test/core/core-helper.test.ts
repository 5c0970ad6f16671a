import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CoreRefusal, prepareCore } from "../../src/core/core-helper.ts";
import { startTimeOf } from "../helpers/core-target.ts";

const folder = mkdtempSync(join(tmpdir(), "exhibit-core-helper-"));
after(() => rmSync(folder, { recursive: true }));

test("a helper that never answers is given up when the time is, with a reason", async () => {
  const { pid } = process;
  const time = new AbortController();
  const preparing = prepareCore({
    pid,
    startTime: startTimeOf(pid),
    method: "snapshot",
    maxPauseMs: 1000,
    path: join(folder, "core"),
    through: [],
    runId: undefined,
    program: ["sleep", "600"],
    signal: time.signal,
  });
  time.abort();

  await assert.rejects(preparing, (error) => {
    assert.ok(error instanceof CoreRefusal);
    assert.equal(error.message, "the target's memory could not be looked at in time");
    return error.pausedMs === 0;
  });
});
