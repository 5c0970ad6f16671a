import assert from "node:assert/strict";
import { test } from "node:test";
import { asleepOf, reasonOfStuckThread } from "../../src/core/stuck-thread.ts";

const status = (state: string, switches: number) =>
  `Name:\tx\nState:\t${state} (whatever)\nvoluntary_ctxt_switches:\t${switches}\n`;

test("a thread that sleeps on is stuck, one that waits for a slow disk again and again is not", async () => {
  let looks = 0;
  const look = (busy: boolean) => () => {
    looks++;
    return asleepOf([
      [1, status("S", 1)],
      [2, status("D", busy ? looks : 5)],
    ]);
  };

  assert.equal(
    await reasonOfStuckThread(look(false)),
    "thread 2 cannot be stopped: it is in uninterruptible sleep",
  );
  assert.equal(looks, 10);
  assert.equal(await reasonOfStuckThread(look(true)), undefined);
  assert.equal(looks, 12);
  assert.equal(await reasonOfStuckThread(() => asleepOf([[1, status("R", 1)]])), undefined);
});
