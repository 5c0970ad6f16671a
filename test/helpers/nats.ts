// A bus for tests: a real nats-server with the files that `exhibit agent credentials` makes. It can be killed, frozen and
// started again on the same port and data.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { subjects, tokenOf } from "../../src/fleet/contract.ts";
import { makeCredentials } from "../../src/fleet/nats/make-credentials.ts";
import type { FleetSettings } from "../../src/settings.ts";
import { freePort } from "./rgw.ts";
import { end } from "./started.ts";
import { until } from "./until.ts";

const LIMIT_MS = 30_000;

export interface TestBus {
  readonly folder: string;
  readonly port: number;
  readonly ca: string;
  /** SIGKILL, and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** Starts it (again), and waits until it listens. */
  readonly begin: () => Promise<void>;
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => void;
  /** Of `operator`, `viewer` or a host. */
  readonly credentials: (name: string) => string;
  readonly settings: (name: string) => FleetSettings;
  /** A client of nobody's code but the library's. */
  readonly connectAs: (name: string) => Promise<NatsConnection>;
}

export async function startBus(
  t: { readonly after: (work: () => Promise<void>) => unknown },
  hosts: readonly { readonly name: string; readonly services: readonly string[] }[],
  /** In its certificate; a client of the library alone looks for localhost. */
  servers: readonly string[] = ["localhost", "127.0.0.1"],
  /** Where it runs and listens; loopback of this host by itself. */
  place: { readonly address: string; readonly within: readonly string[] } = {
    address: "127.0.0.1",
    within: [],
  },
): Promise<TestBus> {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-bus-"));
  const port = await freePort();
  const made = await makeCredentials({
    folder,
    servers,
    port,
    hosts,
    expiresAt: new Date(Date.now() + 3_600_000),
  });
  // Tests listen on loopback alone.
  const text = readFileSync(made.configuration, "utf8");
  writeFileSync(made.configuration, text.replace("0.0.0.0", place.address));
  const ca = readFileSync(made.ca, "utf8");
  let server: ChildProcess | undefined;
  const begin = async () => {
    const [program, ...words] = [...place.within, "nats-server", "-c", made.configuration];
    const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    let said = "";
    child.stderr.on("data", (data) => (said += String(data)));
    await until(
      () => /Server is ready/.test(said) || child.exitCode !== null,
      LIMIT_MS,
      "nats-server listens",
    );
    assert.equal(child.exitCode, null, said);
  };
  await begin();
  const connections: NatsConnection[] = [];
  t.after(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    server?.kill("SIGCONT");
    if (server) await end(server);
    rmSync(folder, { recursive: true, force: true });
  });
  const credentials = (name: string) =>
    join(folder, ["operator", "viewer"].includes(name) ? "users" : "hosts", `${tokenOf(name)}.creds`);
  return {
    folder,
    port,
    ca,
    begin,
    kill: () => (server === undefined ? Promise.resolve() : end(server)),
    signal: (signal) => void server?.kill(signal),
    credentials,
    settings: (name) => ({
      servers: [`tls://${place.address}:${port}`],
      caFile: made.ca,
      credentialsFile: credentials(name),
      host: null,
      services: [],
      pausesAtMost: 1,
    }),
    connectAs: async (name) => {
      const connection = await connect({
        servers: `tls://127.0.0.1:${port}`,
        tls: { ca },
        inboxPrefix: subjects.inbox(name),
        authenticator: credsAuthenticator(readFileSync(credentials(name))),
        maxReconnectAttempts: 0,
      });
      connections.push(connection);
      return connection;
    },
  };
}

/** What a server says to these bytes in plain TCP before it closes the connection. */
export async function speakPlainly(port: number, bytes: string): Promise<string> {
  const socket = connectSocket(port, "127.0.0.1");
  let said = "";
  socket.on("error", () => undefined);
  socket.on("data", (data) => {
    if (said === "") socket.write(bytes);
    said += data.toString("latin1");
  });
  await once(socket, "close");
  return said;
}
