// The check of a compressed core begins with its first byte: it is decoded while it is still being written, so that little is
// left to do at the end. What must stay true: what is decoded are the bytes of the file, and all of them.
import { once } from "node:events";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { delay } from "../host/clock.ts";
import { killGroup } from "../host/process-group.ts";
import { startFilter } from "../host/start.ts";
import { toldBytes, verifyStream, type StreamExpected, type VerifiedCore } from "./verify-stream.ts";

const READ_BYTES = 256 * 1024;
/** How often the end of a growing file is looked at. */
const LOOK_MS = 20;
const STDERR_BYTES = 2000;

export interface FollowedStream {
  /** Call it when the last byte is written. Never rejects. */
  readonly finish: (expected: StreamExpected) => Promise<VerifiedCore>;
  /** There will be no core: gives the check up. */
  readonly cancel: () => void;
}

/** Decodes `path`, which exists and grows at its end. */
export function followStream(path: string): FollowedStream {
  const whole = new AbortController();
  const child = startFilter(["zstd", "-t"]);
  let stderr = "";
  child.stderr.on("data", (data) => (stderr = `${stderr}${String(data)}`.slice(-STDERR_BYTES)));
  child.stdout.resume();
  const ended = once(child, "close").then(
    () => child.exitCode,
    () => undefined,
  );
  const fed = pipeline(growing(path, whole.signal), child.stdin).then(
    () => true,
    () => false,
  );
  const cancel = () => {
    whole.abort();
    killGroup(child.pid, "SIGKILL");
  };
  return {
    cancel,
    finish: async (expected) => {
      whole.abort();
      const [exitCode, isFed] = await Promise.all([ended, fed]);
      // Whatever was odd on this way, the file itself has the last word.
      const decodedBytes = exitCode === 0 && isFed ? toldBytes(stderr) : undefined;
      return verifyStream(path, { ...expected, ...(decodedBytes === undefined ? {} : { decodedBytes }) });
    },
  };
}

/** Ends at the end of the file as it is after `whole` aborted. */
async function* growing(path: string, whole: AbortSignal): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (;;) {
      const isWhole = whole.aborted;
      const bytes = Buffer.allocUnsafe(READ_BYTES);
      const { bytesRead } = await file.read(bytes, 0, READ_BYTES);
      if (bytesRead > 0) yield bytes.subarray(0, bytesRead);
      else if (isWhole) return;
      else await delay(LOOK_MS, whole);
    }
  } finally {
    await file.close();
  }
}
