// Waiting for something to become true, with an end: tests never sleep for a fixed time.
import assert from "node:assert/strict";

export async function until(
  condition: () => boolean | Promise<boolean>,
  limitMs: number,
  what = String(condition),
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) assert.fail(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
