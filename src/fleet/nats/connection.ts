// One connection to the bus, kept for ever: lost, it is made again after a while that differs from host to host, so that
// ten thousand agents do not come back in one second. What the server refuses is told, and never ends us. This
// folder loads the NATS client: whoever needs it imports it when it is needed, so that other commands start without it.
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { connect, credsAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { delay } from "../../host/clock.ts";
import { messageOf } from "../../errors.ts";
import type { FleetSettings } from "../../settings.ts";
import { subjects } from "../contract.ts";
import { readAuthority, readCredentials, type Credentials } from "./credentials.ts";

const CONNECT_MS = 20_000;
const RECONNECT_MS = 500;
/** Many hosts come back at once, each for 2 ms of the server's CPU (measured): those are spread over this time. */
const JITTER_MS = { one: 250, many: 4000 };
/** A server that is gone without a word is noticed after three of them. */
const PING_MS = 15_000;

export interface BusOptions {
  readonly settings: FleetSettings;
  /** What is connected: shown in the server's own list of connections. */
  readonly label: string;
  /** The host whose inbox is used when there are no credentials to say it. */
  readonly name: string;
  /** Others like it come back at the same time. */
  readonly isOneOfMany: boolean;
  /** What the server or the client has to say; one line each. */
  readonly say: (text: string) => void;
}

export interface Bus {
  readonly connection: NatsConnection;
  readonly name: string;
  readonly isConnected: () => boolean;
  /** Of the credentials in use; undefined: never, or there are none. */
  readonly expiresAtMs: () => number | undefined;
  /** Calls the listener after every reconnect. */
  readonly onReconnect: (listener: () => void) => void;
  /** Leaves at once; what was published is sent first when the bus is there. */
  readonly close: () => Promise<void>;
}

/** Connects once. Rejects with what the client or the server said, or ExhibitError for credentials that are no such. */
export async function connectBus({ settings, label, name, isOneOfMany, say }: BusOptions): Promise<Bus> {
  const file = settings.credentialsFile;
  const [ca, first] = await Promise.all([
    readAuthority(settings),
    file === null ? undefined : readCredentials(file),
  ]);
  let current = first;
  const isTls = settings.servers.some((server) => server.startsWith("tls:"));
  const own = current?.name ?? name;
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    checkServerIdentity: identityOf(settings.servers.map((server) => new URL(server).hostname)),
  };
  const jitterMs = isOneOfMany ? JITTER_MS.many : JITTER_MS.one;
  const connection = await connect({
    servers: [...settings.servers],
    name: label,
    inboxPrefix: subjects.inbox(own),
    // An object asks for TLS: a server without it is then refused.
    ...(isTls || ca !== undefined ? { tls } : {}),
    ...(current === undefined ? {} : { authenticator: credsAuthenticator(() => bytesOf(current)) }),
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: jitterMs,
    reconnectJitterTLS: jitterMs,
    pingInterval: PING_MS,
    maxPingOut: 2,
    // Expired credentials may be renewed by a new file.
    ignoreAuthErrorAbort: true,
  });
  let isConnected = true;
  const listeners: (() => void)[] = [];
  const renew = async () => {
    if (file !== null) current = await readCredentials(file).catch(() => current);
  };
  let said = "";
  const sayOnce = (text: string) => {
    if (text !== said) say(text);
    said = text;
  };
  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect") {
        isConnected = false;
        sayOnce("the bus is away");
        await renew();
      } else if (status.type === "reconnecting") await renew();
      else if (status.type === "reconnect") {
        isConnected = true;
        sayOnce("the bus is back");
        for (const listener of listeners) listener();
      } else if (status.type === "error") sayOnce(`the bus refuses: ${messageOf(status.error)}`);
    }
  };
  void watch();
  return {
    connection,
    name: own,
    isConnected: () => isConnected && !connection.isClosed(),
    expiresAtMs: () => current?.expiresAtMs,
    onReconnect: (listener) => void listeners.push(listener),
    close: async () => {
      if (isConnected) await Promise.race([connection.flush().catch(() => undefined), delay(1000)]);
      await connection.close().catch(() => undefined);
    },
  };
}

/**
 * The name check of a server. For one that is reached by its address the client gives no name, and Node would look for
 * "localhost" in the certificate (tls.connect, `servername`).
 */
function identityOf(servers: readonly string[]) {
  const addresses = servers.map((name) => name.replace(/[[\]]/g, "")).filter((name) => isIP(name) !== 0);
  return (name: string, certificate: PeerCertificate): Error | undefined => {
    if (servers.includes(name) || addresses.length === 0) return checkServerIdentity(name, certificate);
    const faults = addresses.map((address) => checkServerIdentity(address, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
}

function bytesOf(credentials: Credentials | undefined): Uint8Array {
  return credentials?.bytes ?? new Uint8Array();
}

/** Connects, however long that takes; undefined when the signal was aborted first. Says why it has to try again, once each. */
export async function connectBusForEver(options: BusOptions, stop: AbortSignal): Promise<Bus | undefined> {
  let said = "";
  for (let attempt = 0; !stop.aborted; attempt++) {
    try {
      return await connectBus(options);
    } catch (error) {
      const text = `cannot join the bus yet: ${messageOf(error)}`;
      if (text !== said) options.say(text);
      said = text;
    }
    await delay(
      Math.min(30_000, RECONNECT_MS * 2 ** Math.min(attempt, 6)) + Math.random() * JITTER_MS.many,
      stop,
    );
  }
  return undefined;
}
