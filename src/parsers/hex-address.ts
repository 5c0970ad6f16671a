// Addresses as /proc/net writes them: 32-bit words in the byte order of the machine, which is little-endian wherever we
// run, each as 8 hexadecimal digits; then `:` and the port as a plain number. See net/ipv4/tcp_ipv4.c and RFC 5952.

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const ANY = new Set(["0.0.0.0", "::"]);

/** Decodes `0100007F:1F90` or its IPv6 form; undefined when it is neither. IPv4-mapped IPv6 is given as IPv4. */
export function parseHexEndpoint(text: string): Endpoint | undefined {
  const match = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(text);
  if (match === null) return undefined;
  const [, hex = "", port = ""] = match;
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8)
    for (let byte = 6; byte >= 0; byte -= 2)
      bytes.push(Number.parseInt(hex.slice(word + byte, word + byte + 2), 16));
  return { address: bytes.length === 4 ? bytes.join(".") : ipv6(bytes), port: Number.parseInt(port, 16) };
}

/** `10.0.0.1:80`, `[fd00::1]:80`; the port 0 of what is not bound or not connected is `*`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  const shown = address.includes(":") ? `[${address}]` : address;
  return `${shown}:${port === 0 ? "*" : port}`;
}

/** Whether it names nobody: the peer of a socket that listens. */
export function isUnspecified({ address, port }: Endpoint): boolean {
  return port === 0 && ANY.has(address);
}

function ipv6(bytes: readonly number[]): string {
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (isMapped) return bytes.slice(12).join(".");
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2)
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  const joined = groups.join(":");
  // The first of the longest runs of two or more zeros is left out (RFC 5952, 4.2).
  const runs = [...joined.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = runs.reduce(
    (best, run) => (run[0].replace(/^:/, "").length > best.length ? run[0].replace(/^:/, "") : best),
    "",
  );
  if (longest === "") return joined;
  const run = runs.find((candidate) => candidate[0].replace(/^:/, "") === longest);
  const start = run === undefined ? 0 : run.index;
  const end = start + (run?.[0].length ?? 0);
  return `${joined.slice(0, start)}::${joined.slice(end).replace(/^:/, "")}`;
}
