// The addresses of a name, within a time that is ours: getaddrinfo(3) can neither be limited nor ended, and a process does
// not end before it does. So /etc/hosts is read, and DNS asked, by ourselves; search domains are not tried.
import { Resolver } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { parseHosts } from "../parsers/hosts.ts";
import { delay } from "./clock.ts";

const LOOK_UP_MS = 1000;

const none = () => [];

/** IPv4 addresses first; none when the name is not known, or nobody answers in time. */
export async function lookUp(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const hosts = await readFile("/etc/hosts", "utf8").then(parseHosts, () => new Map<string, string[]>());
  const known = hosts.get(host.toLowerCase());
  if (known !== undefined) return known;
  const resolver = new Resolver({ timeout: LOOK_UP_MS, tries: 1 });
  const answers = Promise.all([resolver.resolve4(host).catch(none), resolver.resolve6(host).catch(none)]);
  const stop = new AbortController();
  const late = delay(LOOK_UP_MS, stop.signal).then(() => resolver.cancel());
  const found = (await answers).flat();
  stop.abort();
  await late;
  return found;
}
