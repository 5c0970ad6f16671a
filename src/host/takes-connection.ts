// Whether an address takes a TCP connection from this host; nothing is said, and it is closed at once.
import { connect } from "node:net";

/** `address`: IPv4 or IPv6, no name: looking one up has no limit of its own. */
export function takesConnection(address: string, port: number, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
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
