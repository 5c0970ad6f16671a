// Which hosts are meant: names as they were typed, lines of a file or of stdin. Text in, hosts out. What must stay true:
// nothing that goes behind `ssh` or into a subject can be taken for an option, and no host is in the list twice.
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { FleetHost } from "./transport.ts";

/** The service of hosts of which nobody says what they serve: all of them together, so that the caps hold over all. */
export const UNKNOWN_SERVICE = "?";

const HOST_NAME = /^[A-Za-z0-9._@:-]{1,255}$/;

/** More hosts than one run of ours is meant for. */
const MOST_HOSTS = 20_000;

/** Throws UsageError for what is no name of a host; `where` is where it was found. */
export function checkHostName(name: string, where: string): string {
  const shown = printable(name, 60);
  if (name.startsWith("-"))
    throw new UsageError(`${where}: a host name cannot begin with -: ${shown}`, { hint: "write its name" });
  if (HOST_NAME.test(name)) return name;
  throw new UsageError(`${where}: ${shown === "" ? "an empty name" : shown} is no host name`, {
    hint: "letters, digits and . _ - : @ only; several are written with commas, or one a line in a file: @FILE",
  });
}

/** The names in a text: separated by commas, blanks and line ends; `#` begins a comment. Throws UsageError. */
export function readNames(text: string, where: string): readonly string[] {
  return text.split(/\r?\n/).flatMap((line) =>
    line
      .replace(/(?:^|\s)#.*$/, "")
      .split(/[\s,]+/)
      .filter((word) => word !== "")
      .map((word) => checkHostName(word, where)),
  );
}

/** A host of which nothing but its name is known. */
export function namedHost(name: string): FleetHost {
  return { name, address: name, service: UNKNOWN_SERVICE };
}

export interface HostList {
  readonly hosts: readonly FleetHost[];
  /** What was put right, each a line. */
  readonly told: readonly string[];
}

/**
 * Each host once, in the order in which they were named. What was named twice is told; two hosts of one name that
 * differ are refused, as nobody can say which is meant. Throws UsageError, also for none and for too many.
 */
export function uniqueHosts(hosts: readonly FleetHost[]): HostList {
  if (hosts.length === 0)
    throw new UsageError("no hosts are named", {
      hint: "--hosts cn14,cn15, --hosts @FILE, --hosts - (stdin), or --inventory 'ansible-inventory --list'",
    });
  const byName = new Map<string, FleetHost>();
  const byAddress = new Map<string, string>();
  const told: string[] = [];
  for (const host of hosts) {
    const before = byName.get(host.name);
    if (before !== undefined) {
      if (!isSame(before, host)) throw new UsageError(...twoOfOneName(before, host));
      told.push(`${host.name} is named twice; it is asked once`);
      continue;
    }
    const place = `${host.user ?? ""} ${host.address} ${host.port ?? ""}`;
    const other = byAddress.get(place);
    if (other !== undefined) {
      told.push(`${host.name} has the address of ${other}, ${host.address}; it is asked once, as ${other}`);
      continue;
    }
    byName.set(host.name, host);
    byAddress.set(place, host.name);
  }
  if (byName.size > MOST_HOSTS)
    throw new UsageError(`${byName.size} hosts are more than ${MOST_HOSTS}`, {
      hint: "ask for a part of them",
    });
  return { hosts: [...byName.values()], told };
}

function isSame(one: FleetHost, other: FleetHost): boolean {
  return (
    one.address === other.address &&
    one.service === other.service &&
    one.user === other.user &&
    one.port === other.port
  );
}

function twoOfOneName(one: FleetHost, other: FleetHost): [string, { readonly hint: string }] {
  return [
    `two hosts are called ${one.name}: ${placeOf(one)} and ${placeOf(other)}`,
    { hint: "give each a name of its own" },
  ];
}

function placeOf(host: FleetHost): string {
  return `${host.address} (service ${printable(host.service, 60)})`;
}
