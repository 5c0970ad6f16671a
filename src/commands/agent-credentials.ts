// exhibit agent credentials: what a bus of one's own needs, and what to do with it.
import { isIP } from "node:net";
import { basename, relative } from "node:path";
import { UsageError } from "../errors.ts";
import type { CredentialsRequest, MadeCredentials } from "../fleet/nats/make-credentials.ts";
import { printable } from "../printable.ts";
import { parseDurationMs } from "../units.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import type { CredentialsResult } from "./results/setup.ts";

const EXPIRES = "365d";

/** `web1,db1=postgres+pgbouncer`. Throws UsageError. */
function readHosts(lists: readonly string[]): CredentialsRequest["hosts"] {
  const words = lists.flatMap((list) => list.split(",")).filter((word) => word !== "");
  const hosts = words.map((word) => {
    const [name = "", services] = word.split("=");
    return { name, services: services === undefined ? [] : services.split("+") };
  });
  for (const { name, services } of hosts)
    if (!/^[A-Za-z0-9._-]{1,255}$/.test(name) || services.some((service) => service === ""))
      throw new UsageError(`--hosts ${printable(name)}: expected names with commas, or NAME=SERVICE`);
  const twice = hosts.find(({ name }, index) => hosts.findIndex((other) => other.name === name) !== index);
  if (twice) throw new UsageError(`--hosts: ${twice.name} is named twice`);
  return hosts;
}

/** Throws UsageError. */
function readRequest(
  folder: string,
  { server, port, hosts, expires = EXPIRES }: AgentOptions,
): CredentialsRequest {
  for (const name of server)
    if (isIP(name) === 0 && !/^(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(name))
      throw new UsageError(`--server ${printable(name)}: expected a name or an address`);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536))
    throw new UsageError(`--port ${printable(port)}: expected 1 to 65535`);
  const lifeMs = expires === "never" ? undefined : readLife(expires);
  return {
    folder,
    servers: server,
    port: port === undefined ? undefined : Number(port),
    hosts: readHosts(hosts),
    expiresAt: lifeMs === undefined ? undefined : new Date(Date.now() + lifeMs),
  };
}

function readLife(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const ms = days === undefined ? parseDurationMs(text) : Number(days) * 24 * 3_600_000;
  if (ms === undefined || ms < 1000)
    throw new UsageError(`--expires ${printable(text)}: expected 90d, 12h or never`);
  return ms;
}

export async function makeSet(folder: string, context: CommandContext<AgentOptions>): Promise<CommandResult> {
  const request = readRequest(folder, context.options);
  const { makeCredentials } = await import("../fleet/nats/make-credentials.ts");
  const made = await makeCredentials(request);
  return {
    exitCode: 0,
    text: describe(made, request),
    json: { ...made, hosts: [...made.hosts] } satisfies CredentialsResult,
  };
}

function from(path: string): string {
  return relative(process.cwd(), path) || path;
}

function describe(made: MadeCredentials, { servers, port }: CredentialsRequest): string {
  const address = `tls://${servers[0] ?? "localhost"}:${port ?? 4222}`;
  const [host] = made.hosts;
  const creds = host === undefined ? "HOST.creds" : basename(host.file);
  return `${from(made.folder)}: ${made.added ? "new credentials by the keys that were there" : "authority, server and credentials"}${
    made.expiresAt === undefined ? "" : `, good until ${made.expiresAt.slice(0, 10)}`
  }

On the server (nats-server 2.11.15, 2.12.6 or newer):
  nats-server -c ${from(made.configuration)}
On ${host === undefined ? "each host (--hosts makes its file)" : made.hosts.length === 1 ? host.name : `each of ${made.hosts.length} hosts, with its own file`}:
  install -m 0600 ${from(made.ca)} /etc/exhibit/secrets/bus-ca.pem
  install -m 0600 ${host === undefined ? creds : from(host.file)} /etc/exhibit/secrets/bus.creds
  and in /etc/exhibit/exhibit.yaml, then systemctl restart exhibit:
    fleet: {servers: ["${address}"], caFile: bus-ca.pem, credentialsFile: bus.creds}
For people the same, with ${from(made.operator)} (may have captures taken) or ${from(made.viewer)}.
Keep ${from(made.folder)}/keys to yourself; it makes more hosts: exhibit agent credentials ${from(made.folder)} --hosts NAME
`;
}
