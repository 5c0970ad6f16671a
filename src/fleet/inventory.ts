// Hosts from any command that prints JSON in the shape of `ansible-inventory --list`: groups of hosts, and what is known
// of each host below `_meta.hostvars`. A stranger's text: nothing in it is taken on trust, and each fault is one line.
import { z } from "zod";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { checkHostName, namedHost, UNKNOWN_SERVICE } from "./hosts.ts";
import type { FleetHost } from "./transport.ts";

const Scalar = z.union([z.string(), z.number()]);
const HostVars = z.looseObject({
  ansible_host: Scalar.optional(),
  ansible_user: Scalar.optional(),
  ansible_port: Scalar.optional(),
  /** For inventories that are not Ansible's. */
  address: Scalar.optional(),
  service: Scalar.optional(),
});
type HostVars = z.infer<typeof HostVars>;
const Meta = z.looseObject({ hostvars: z.record(z.string(), HostVars).default({}) });
const Group = z.union([
  z.looseObject({ hosts: z.array(z.string()).default([]), children: z.array(z.string()).default([]) }),
  // The old short form of a group: nothing but its hosts.
  z.array(z.string()).transform((hosts) => ({ hosts, children: [] as string[] })),
]);

/** The hosts of an inventory, and the groups they are in. */
export interface Inventory {
  readonly hosts: ReadonlyMap<string, FleetHost>;
  /** Every host of a group, those of its children included. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

const SHAPE = "expected JSON as ansible-inventory --list prints it";

/** Throws UsageError: one line, with what was expected; `where` is the command. */
export function readInventory(text: string, where: string): Inventory {
  const parsed = parse(text, where);
  const meta = Meta.safeParse(parsed["_meta"] ?? {});
  if (!meta.success) throw wrong(where, meta.error);
  const own = new Map<string, z.infer<typeof Group>>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === "_meta") continue;
    const group = Group.safeParse(value);
    if (!group.success) throw wrong(`${where}: ${printable(name, 60)}`, group.error);
    own.set(name, group.data);
  }
  const names = new Set([
    ...Object.keys(meta.data.hostvars),
    ...[...own.values()].flatMap(({ hosts }) => hosts),
  ]);
  if (names.size === 0) throw new UsageError(`${where}: names no hosts`, { hint: SHAPE });
  const hosts = new Map([...names].map((name) => [name, hostOf(name, meta.data.hostvars[name], where)]));
  return { hosts, groups: new Map([...own.keys()].map((name) => [name, membersOf(name, own)])) };
}

function parse(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const begins = printable(text.trim(), 60);
    const what = begins === "" ? "printed nothing" : `printed no JSON; it begins: ${begins}`;
    throw new UsageError(`${where}: ${what}`, { hint: SHAPE });
  }
  const found = z.record(z.string(), z.unknown()).safeParse(value);
  if (!found.success) throw new UsageError(`${where}: printed no JSON object`, { hint: SHAPE });
  return found.data;
}

function wrong(where: string, error: z.ZodError): UsageError {
  const [issue] = error.issues;
  const path = issue === undefined ? "" : printable(issue.path.join("."), 100);
  return new UsageError(
    `${where}: ${path}${path === "" ? "" : ": "}${printable(issue?.message ?? "", 200)}`,
    {
      hint: SHAPE,
    },
  );
}

function hostOf(name: string, vars: HostVars | undefined, where: string): FleetHost {
  const host = namedHost(checkHostName(name, where));
  if (vars === undefined) return host;
  const address = vars.ansible_host ?? vars.address;
  const service = String(vars.service ?? "").trim();
  const port = vars.ansible_port === undefined ? undefined : Number(vars.ansible_port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536))
    throw new UsageError(
      `${where}: ${name}: ansible_port ${printable(String(vars.ansible_port), 20)} is no port`,
    );
  return {
    ...host,
    ...(address === undefined ? {} : { address: checkHostName(String(address), `${where}: ${name}`) }),
    service: service === "" ? UNKNOWN_SERVICE : printable(service, 255),
    ...(vars.ansible_user === undefined
      ? {}
      : { user: checkHostName(String(vars.ansible_user), `${where}: ${name}: ansible_user`) }),
    ...(port === undefined ? {} : { port }),
  };
}

/** Groups may hold each other in a circle: each is looked at once. */
function membersOf(name: string, own: ReadonlyMap<string, z.infer<typeof Group>>): readonly string[] {
  const seen = new Set<string>();
  const members = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const group = own.get(next);
    for (const host of group?.hosts ?? []) members.add(host);
    open.push(...(group?.children ?? []));
  }
  return [...members];
}

/** The hosts that are meant by names of hosts and groups; all of them when none is named. Throws UsageError. */
export function chooseHosts(
  { hosts, groups }: Inventory,
  names: readonly string[],
  where: string,
): readonly FleetHost[] {
  if (names.length === 0 || names.includes("all")) return [...hosts.values()];
  return names.flatMap((name) => {
    const members = hosts.has(name) ? [name] : (groups.get(name) ?? []);
    if (members.length === 0)
      throw new UsageError(`${where}: has neither a host nor a group called ${printable(name, 60)}`, {
        hint: `its groups: ${printable([...groups.keys()].join(", ") || "none", 200)}`,
      });
    return members.flatMap((member) => hosts.get(member) ?? []);
  });
}
