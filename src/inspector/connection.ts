// One TCP connection to a port of the target, through the relay (relay.ts). Node's inspector serves its HTTP answers and
// the WebSocket on the same connection, one after another, so one is all we open.
import type { ChildProcess } from "node:child_process";
import { ExhibitError, UnsupportedError } from "../errors.ts";
import { ownProgram } from "../host/own-program.ts";
import { startRelay } from "../host/start.ts";

/** The relay leaves when nothing has come from us for so long: we are dead, frozen, or hopelessly late. */
const SILENCE_MS = 3000;
/** On a host that has no CPU to spare. */
const READY_MS = 10_000;
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
}

export interface Relay {
  /** Rejects with an ExhibitError when nobody listens there. */
  readonly connect: (port: number, host: string) => Promise<Connection>;
  readonly destroy: () => void;
}

/**
 * Starts a relay, inside the network namespace of `enter` when that is a pid (nsenter(1), which needs CAP_SYS_ADMIN).
 * Rejects with an UnsupportedError when it does not come up: nothing has touched the target then.
 */
export async function openRelay(request: {
  readonly runId: string;
  readonly enter: number | undefined;
}): Promise<Relay> {
  const program = ownProgram("relay");
  const enter = request.enter === undefined ? [] : ["nsenter", "--net", "-t", String(request.enter), "--"];
  const child = startRelay([...enter, ...program, String(SILENCE_MS)], request.runId);
  const pipe = openPipe(child);
  const destroy = () => {
    child.kill("SIGKILL");
    pipe.close();
  };
  const late = setTimeout(destroy, READY_MS);
  const first = await pipe.line();
  clearTimeout(late);
  if (first !== "ready") {
    destroy();
    throw new UnsupportedError(
      request.enter === undefined
        ? "its inspector is left alone: the relay did not start"
        : "its inspector is left alone: its network namespace cannot be entered; run as root, with nsenter on this host",
    );
  }
  return {
    destroy,
    connect: async (port, host) => {
      pipe.write(`${port} ${host}\n`);
      const answer = await pipe.line();
      if (answer !== "connected") {
        destroy();
        throw new ExhibitError(`nobody answers on port ${port}: ${answer ?? "the relay ended"}`);
      }
      const { line: _line, close: _close, ...connection } = pipe;
      return { ...connection, destroy };
    },
  };
}

/** The two pipes of a child, with what has come and not been taken yet. */
function openPipe({ stdin, stdout }: ChildProcess) {
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
