// Addresses of other hosts: what a name stands for, and whether it takes a connection from here.
import { lookup } from "node:dns/promises";
import { connect, isIPv6 } from "node:net";
import { delay } from "./clock.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[ADDRESS]:PORT`; undefined for what is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const [host, port] = [found?.[1] ?? found?.[2], Number(found?.[3])];
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** As the kernel's tables of sockets show it: `10.0.0.1:5432`, `[2001:db8::1]:5432`. */
function endpoint(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The endpoints of a name as this host resolves it; empty when it does not within `limitMs`. */
export async function endpointsOf({ host, port }: HostPort, limitMs: number): Promise<readonly string[]> {
  const looked = lookup(host, { all: true }).then((found) =>
    found.map(({ address }) => endpoint(address, port)),
  );
  return Promise.race([looked.catch(() => []), delay(limitMs).then(() => [])]);
}

/** Whether it takes a TCP connection within `limitMs`; it is closed at once, and nothing is said. */
export function takesConnection({ host, port }: HostPort, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
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
