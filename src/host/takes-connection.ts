// Whether an address takes a connection from this host; nothing is said, and it is closed at once.
import { connect } from "node:net";

/** `host`: IPv4 or IPv6, no name: looking one up has no limit of its own. `path`: a socket of the Unix family. */
export function takesConnection(
  to: { readonly host: string; readonly port: number } | { readonly path: string },
  limitMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const end = (isOpen: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isOpen);
    };
    const timer = setTimeout(() => end(false), limitMs);
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
