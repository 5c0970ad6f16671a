// One TCP connection to a port of the target, through the relay (relay.ts). Node's inspector serves its HTTP answers and
// the WebSocket on the same connection, one after another, so one is all we open.
import { ExhibitError, UnsupportedError } from "../errors.ts";
import { ownProgram } from "../host/own-program.ts";
import { startRelay } from "../host/start.ts";
import { openPipe, type Connection } from "./pipe.ts";

/** The relay leaves when nothing has come from us for so long: we are dead, frozen, or hopelessly late. */
const SILENCE_MS = 3000;
/** On a host that has no CPU to spare. */
const READY_MS = 10_000;
/** It hears from us so often while there is nothing to carry yet. */
const SIGN_MS = 500;

export interface Relay {
  /** Rejects with an ExhibitError when nobody listens there. */
  readonly connect: (port: number, host: string) => Promise<Connection>;
  readonly destroy: () => void;
  /** Ends it when nothing was opened; else it closes what was, and ends then. */
  readonly handOver: () => void;
}

/**
 * Starts a relay, inside the network namespace of `enter` when that is a pid (nsenter(1), which needs CAP_SYS_ADMIN). When we
 * fall silent it closes the inspector that `mark`, a path, tells of (marks.ts).
 * Rejects with an UnsupportedError when it does not come up: nothing has touched the target then.
 */
export async function openRelay(request: {
  readonly enter: number | undefined;
  readonly mark: string;
}): Promise<Relay> {
  const program = ownProgram("relay");
  const enter = request.enter === undefined ? [] : ["nsenter", "--net", "-t", String(request.enter), "--"];
  const child = startRelay([...enter, ...program, String(SILENCE_MS), request.mark]);
  const pipe = openPipe(child);
  const signs = setInterval(() => pipe.write("\n"), SIGN_MS).unref();
  const handOver = () => {
    clearInterval(signs);
    pipe.close();
  };
  const destroy = () => {
    child.kill("SIGKILL");
    handOver();
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
    handOver,
    connect: async (port, host) => {
      clearInterval(signs);
      pipe.write(`${port} ${host}\n`);
      const answer = await pipe.line();
      if (answer !== "connected") {
        handOver();
        throw new ExhibitError(`nobody answers on port ${port}: ${answer ?? "the relay ended"}`);
      }
      const { line: _line, close: _close, ...connection } = pipe;
      return { ...connection, destroy, handOver };
    },
  };
}
