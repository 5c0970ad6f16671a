// Bytes of a command on their way to our own stdout or stderr, as they are. Written by a thread, so that a reader who takes
// his time does not keep us from passing signals on.
import { write } from "node:fs";
import { errnoOf } from "../errors.ts";
import { delay } from "./clock.ts";

/** A descriptor that somebody else made non-blocking is asked again after this long. */
const AGAIN_MS = 5;

/** Resolves with the errno that kept it from being written: EPIPE and EIO say that nobody reads any more. */
export async function passThrough(descriptor: 1 | 2, data: Uint8Array): Promise<string | undefined> {
  for (let at = 0; at < data.length;) {
    const written = await new Promise<number | string>((resolve) => {
      write(descriptor, data, at, (error, bytes) => resolve(error ? (errnoOf(error) ?? "EIO") : bytes));
    });
    if (typeof written === "number") at += written;
    else if (written === "EAGAIN") await delay(AGAIN_MS);
    else return written;
  }
  return undefined;
}
