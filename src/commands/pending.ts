// What is still open when COMMAND has ended: waited for, or only looked at.
import type { SecuredCapture } from "../capture/run.ts";
import { delay } from "../host/clock.ts";

/** Resolves when all that was taken is whole, or the signal aborts. */
export async function wholeOrAborted(securing: Promise<SecuredCapture>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const whole = securing.then(
    ({ late }) => late.finished(),
    () => undefined,
  );
  await Promise.race([whole, aborted]);
}

/** What a promise holds by now; undefined when it is still open. */
export function valueNow<T>(promise: Promise<T>): Promise<T | undefined> {
  return Promise.race([promise, delay(0).then(() => undefined)]);
}
