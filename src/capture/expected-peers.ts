// What a target should be connected to: what the settings say of its service, and what an earlier bundle of the same
// service in the spool shows.
import { readdir } from "node:fs/promises";
import type { CaptureFile } from "../bundle/manifest.ts";
import { lookUp } from "../host/look-up.ts";
import { hostOf, portOf } from "../parsers/connection-peers.ts";
import { formatEndpoint } from "../parsers/hex-address.ts";
import { tcpOf, outgoing } from "../readings/connections.ts";
import { filesOf } from "../readings/evidence/files.ts";
import { readSockets } from "../readings/evidence/sockets.ts";
import type { ExpectedPeer } from "../readings/rule.ts";
import type { ServiceSettings } from "../settings.ts";
import { readEntry } from "../upload/spool.ts";
import { evidenceOf } from "./evidence-folder.ts";

type Target = NonNullable<CaptureFile["target"]>;

/** The newest of these are looked at for one that is whole. */
const MOST_EARLIER = 3;
/** From here on a port is one that the kernel gave to a client (ip_local_port_range). */
const FIRST_OWN_PORT = 32_768;
const MOST_PEERS = 50;

/** `asked` with the endpoints that it stands for, by /etc/hosts and DNS. */
export async function expectedPeer(asked: string, source: ExpectedPeer["source"]): Promise<ExpectedPeer> {
  const addresses = await lookUp(hostOf(asked).replace(/^\[|\]$/g, ""));
  return {
    asked,
    source,
    endpoints: addresses.map((address) => formatEndpoint({ address, port: Number(portOf(asked)) })),
  };
}

/** What the settings say of the service that the target belongs to, or of its command. */
export async function declaredPeers(
  target: Target,
  services: readonly ServiceSettings[],
): Promise<readonly ExpectedPeer[]> {
  const name = target.service ?? target.command;
  const asked = services
    .filter(({ match }) => new RegExp(match).test(name))
    .flatMap((one) => one.connectedTo);
  return Promise.all([...new Set(asked)].map((peer) => expectedPeer(peer, "settings")));
}

/** What the newest sealed bundle of the same service was connected to, one for each port; none when there is no such bundle. */
export async function earlierPeers(
  spool: string,
  { captureId, target }: { readonly captureId: string; readonly target: Target },
): Promise<readonly ExpectedPeer[]> {
  const names = await readdir(spool).catch((): string[] => []);
  const mine = kindOf(captureId);
  const earlier = names.filter((name) => name < captureId && kindOf(name) === mine && mine !== undefined);
  for (const name of earlier.toSorted().toReversed().slice(0, MOST_EARLIER)) {
    const { manifest, path } = await readEntry(spool, name);
    if (manifest?.target === undefined || !isSameService(manifest.target, target)) continue;
    const sockets = await readSockets(filesOf("sockets", evidenceOf(path)));
    const byPort = new Map<string, Set<string>>();
    for (const { state, peer } of outgoing(tcpOf(sockets)))
      if (state === "ESTABLISHED" && peer !== undefined && Number(portOf(peer)) < FIRST_OWN_PORT)
        byPort.set(portOf(peer), (byPort.get(portOf(peer)) ?? new Set()).add(peer));
    return [...byPort.values()].slice(0, MOST_PEERS).map((peers) => ({
      asked: [...peers].slice(0, 3).join(", "),
      endpoints: [...peers],
      source: "earlier",
      captureId: name,
    }));
  }
  return [];
}

/** Host and target of an id, without its time and its random end. */
function kindOf(captureId: string): string | undefined {
  return /^\d{8}T\d{6}Z-(.+)-[0-9a-f]{6}$/.exec(captureId)?.[1];
}

function isSameService(one: Target, other: Target): boolean {
  if (one.service !== undefined || other.service !== undefined) return one.service === other.service;
  return one.executable !== undefined && one.executable === other.executable && one.command === other.command;
}
