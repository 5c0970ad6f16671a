// All the files of a bus in one folder: for its server, for people, and for each host. Made again in the same folder the keys
// are kept: hosts are added, and whoever is named gets new credentials.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ExhibitError } from "../../errors.ts";
import { makeFolder, writeFileDurable } from "../../host/files.ts";
import { tokenOf } from "../contract.ts";
import { makeCertificates } from "./certificates.ts";
import { openIdentities } from "./identities.ts";
import { agentPermissions, operatorPermissions, viewerPermissions } from "./permissions.ts";
import { serverConfiguration } from "./server-configuration.ts";

export interface CredentialsRequest {
  readonly folder: string;
  /** Names and addresses that hosts reach the server by. */
  readonly servers: readonly string[];
  /** Undefined: 4222, or what the configuration says already. */
  readonly port: number | undefined;
  /** Each with the services whose pauses it may take; none: every service. */
  readonly hosts: readonly { readonly name: string; readonly services: readonly string[] }[];
  readonly expiresAt: Date | undefined;
}

export interface MadeCredentials {
  readonly folder: string;
  readonly configuration: string;
  readonly ca: string;
  readonly operator: string;
  readonly viewer: string;
  readonly hosts: readonly { readonly name: string; readonly file: string }[];
  readonly expiresAt?: string;
  /** The keys were there before, and have signed others. */
  readonly added: boolean;
}

/** Registered for NATS. */
const PORT = 4222;
const USERS = ["operator", "viewer"] as const;

/** Throws ExhibitError when something of it cannot be made. */
export async function makeCredentials(request: CredentialsRequest): Promise<MadeCredentials> {
  const { servers, hosts, expiresAt } = request;
  const folder = resolve(request.folder);
  const clash = hosts.find(({ name }) => USERS.some((user) => user === name));
  if (clash) throw new ExhibitError(`${clash.name}: is the name of a user of the bus, not of a host`);
  const at = (...names: readonly string[]) => join(folder, ...names);
  const [keys, server, users, agents] = [at("keys"), at("server"), at("users"), at("hosts")];
  const added = existsSync(join(keys, "account.seed"));
  for (const path of [keys, server, users, agents]) await makeFolder(path);
  const identities = await openIdentities(keys);
  if (!added || servers.length > 0)
    await makeCertificates(folder, {
      keys,
      server,
      names: servers.length > 0 ? servers : ["localhost", "127.0.0.1"],
    });
  const configuration = join(server, "nats-server.conf");
  if (request.port !== undefined || !existsSync(configuration))
    await writeFileDurable(
      configuration,
      serverConfiguration(identities, { folder: server, port: request.port ?? PORT }),
    );
  const expiresAtS = expiresAt === undefined ? undefined : Math.floor(expiresAt.getTime() / 1000);
  const permissions = { operator: operatorPermissions, viewer: viewerPermissions };
  for (const name of USERS)
    await writeFileDurable(
      join(users, `${name}.creds`),
      await identities.user(name, permissions[name](name), expiresAtS),
    );
  const made: { name: string; file: string }[] = [];
  for (const { name, services } of hosts) {
    const file = join(agents, `${tokenOf(name)}.creds`);
    const allowed = agentPermissions(name, services.length === 0 ? undefined : services);
    await writeFileDurable(file, await identities.user(name, allowed, expiresAtS));
    made.push({ name, file });
  }
  return {
    folder,
    configuration,
    ca: at("ca.pem"),
    operator: join(users, "operator.creds"),
    viewer: join(users, "viewer.creds"),
    hosts: made,
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    added,
  };
}
