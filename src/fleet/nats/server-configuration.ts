// The configuration of the bus's server (nats-server), with every name of the fleet's account in it.
import { join } from "node:path";
import type { Identities } from "./identities.ts";

/** `folder` is where the server will find its certificate and keep its data. */
export function serverConfiguration(
  { operator, account, system }: Identities,
  place: { readonly folder: string; readonly port: number },
): string {
  const at = (name: string) => JSON.stringify(join(place.folder, name));
  return `# The bus of a fleet: nats-server -c nats-server.conf. Made by exhibit agent credentials.
listen: "0.0.0.0:${place.port}"
max_connections: 65536
max_payload: 1MB
write_deadline: "10s"

# Nobody speaks without TLS, and nobody without a token of the account below.
tls {
  cert_file: ${at("server.pem")}
  key_file: ${at("server.key")}
  timeout: 20
}

# The fleet's pauses. They must survive a server that is killed. From nats-server 2.10 on add, so that they survive a loss of
# power, too:  sync_interval: always
jetstream {
  store_dir: ${at("data")}
  max_memory_store: 0
  max_file_store: 128MB
}

operator: ${operator}
system_account: ${system.id}
resolver: MEMORY
resolver_preload: {
  ${account.id}: ${account.token}
  ${system.id}: ${system.token}
}
`;
}
