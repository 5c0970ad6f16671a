// Bytes in both directions, with what has come and not been taken yet. It knows no process and no socket, so that the relay
// can use it, too.
import type { Readable, Writable } from "node:stream";

const MOST_HELD_BYTES = 512 * 1024 ** 2;

export interface Connection {
  readonly write: (bytes: Uint8Array | string) => void;
  /** Takes bytes as soon as `take` finds enough of them: it gives how many it used, 0 for none yet. */
  readonly read: (take: (bytes: Buffer) => number) => void;
  readonly onEnd: (ended: () => void) => void;
  /** What comes stays where it is until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Goes away at once; may be called twice. */
  readonly destroy: () => void;
  /** The same, and the relay sees to it that an inspector that was opened by us is closed (close-alone.ts). */
  readonly handOver: () => void;
}

/** `stdin` is what we write to, `stdout` what we read from; a socket is both. */
export function openPipe({
  stdin,
  stdout,
}: {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
}) {
  let chunks: Buffer[] = [];
  let held = 0;
  let ended = false;
  let take: ((bytes: Buffer) => number) | undefined;
  const endings: (() => void)[] = [];
  const close = () => {
    if (ended) return;
    ended = true;
    stdin?.destroy();
    stdout?.destroy();
    for (const tell of endings) tell();
  };
  const offer = () => {
    for (let used = 1; used > 0 && held > 0;) {
      const all = Buffer.concat(chunks);
      used = take?.(all) ?? 0;
      chunks = used < all.length ? [all.subarray(used)] : [];
      held = all.length - used;
    }
  };
  stdin?.on("error", close);
  stdout?.on("error", close);
  stdout?.on("close", close);
  stdout?.on("data", (bytes: Buffer) => {
    chunks.push(bytes);
    held += bytes.length;
    if (held > MOST_HELD_BYTES) close();
    else offer();
  });
  const line = () =>
    new Promise<string | undefined>((resolve) => {
      if (ended) return resolve(undefined);
      endings.push(() => resolve(undefined));
      take = (bytes) => {
        const end = bytes.indexOf(10);
        if (end < 0) return 0;
        take = undefined;
        resolve(bytes.toString("latin1", 0, end));
        return end + 1;
      };
      offer();
    });
  return {
    line,
    close,
    pause: () => void stdout?.pause(),
    resume: () => void stdout?.resume(),
    write: (bytes: Uint8Array | string) => {
      if (!ended) stdin?.write(bytes);
    },
    read: (next: (bytes: Buffer) => number) => {
      take = next;
      offer();
    },
    onEnd: (tell: () => void) => {
      if (ended) tell();
      else endings.push(tell);
    },
  };
}
