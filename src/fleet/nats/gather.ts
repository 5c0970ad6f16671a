// Asks many agents how they are. All at once by one message, whose answers come on each host's own subject, because an answer
// to an inbox does not prove who gave it; then those that stayed silent one by one, which tells the absent from the slow.
import { randomBytes } from "node:crypto";
import {
  MESSAGE_LIMIT_BYTES,
  PROTOCOL,
  StatusAnswer,
  subjects,
  tokenOf,
  type StatusRequest,
} from "../contract.ts";
import type { FleetHost, HostStatus } from "../transport.ts";
import type { Bus } from "./connection.ts";
import { refusalOf } from "./refusals.ts";

/** Fewer hosts than this are asked one by one. */
const FEW = 20;
/** The wave of answers has ended when none came for so long, and is waited for this share of the time at most. */
const QUIET_MS = 1000;
const WAVE_SHARE = 0.6;

interface Answered {
  readonly status: StatusAnswer;
  /** From before it was asked to when it was heard. */
  readonly tookMs: number;
}

export function statusIn(data: Uint8Array): StatusAnswer | undefined {
  if (data.byteLength > MESSAGE_LIMIT_BYTES) return undefined;
  try {
    return StatusAnswer.safeParse(JSON.parse(Buffer.from(data).toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The host's own clock is compared with ours in the middle of the round trip. */
function onlineOf({ status, tookMs }: Answered): HostStatus {
  const { version, waiting, capturing, nowMs } = status;
  return {
    state: "online",
    version,
    capturing,
    clockSkewMs: Math.round(nowMs - (Date.now() - tookMs / 2)),
    ...(waiting === undefined ? {} : { waiting }),
  };
}

/** One host, by its own subject. Never rejects. */
export async function askOne(
  bus: Bus,
  address: string,
  timeoutMs: number,
): Promise<Answered | { readonly refused: HostStatus }> {
  const request: StatusRequest = { protocol: PROTOCOL };
  const start = performance.now();
  try {
    const message = await bus.connection.request(subjects.status(address), JSON.stringify(request), {
      timeout: Math.max(1, timeoutMs),
    });
    const status = statusIn(message.data);
    if (status === undefined)
      return { refused: { state: "denied", reason: `its agent does not speak protocol ${PROTOCOL}` } };
    return { status, tookMs: performance.now() - start };
  } catch (error) {
    return { refused: refusalOf(error, "the agent is connected, but does not answer") };
  }
}

/** Every host is told once. Never rejects. */
export async function gatherStatus(
  bus: Bus,
  hosts: readonly FleetHost[],
  options: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly tell: (host: string, status: HostStatus) => void;
  },
): Promise<void> {
  const { timeoutMs, signal, tell } = options;
  const end = performance.now() + timeoutMs;
  const silent = new Map(hosts.map((host) => [host.name, host]));
  const heard = (host: FleetHost, status: HostStatus) => {
    if (silent.delete(host.name)) tell(host.name, status);
  };
  if (hosts.length >= FEW) await askAll(bus, hosts, { waveMs: timeoutMs * WAVE_SHARE, signal, heard });
  await Promise.all(
    [...silent.values()].map(async (host) => {
      const answer = await askOne(bus, host.address, end - performance.now());
      heard(host, "refused" in answer ? answer.refused : onlineOf(answer));
    }),
  );
}

async function askAll(
  bus: Bus,
  hosts: readonly FleetHost[],
  {
    waveMs,
    signal,
    heard,
  }: {
    readonly waveMs: number;
    readonly signal: AbortSignal;
    readonly heard: (host: FleetHost, status: HostStatus) => void;
  },
): Promise<void> {
  const { connection } = bus;
  const nonce = `status-${randomBytes(9).toString("base64url")}`;
  // One address may be the host of two names.
  const wanted = groupByToken(hosts);
  const start = performance.now();
  const left = new Set(wanted.keys());
  await new Promise<void>((resolve) => {
    const subscription = connection.subscribe(`ex.v1.evt.*.${nonce}`, {
      callback: (error, message) => {
        if (error !== null) return finish();
        const token = message.subject.split(".")[3] ?? "";
        const status = statusIn(message.data);
        if (status === undefined || !left.delete(token)) return;
        const answer = onlineOf({ status, tookMs: performance.now() - start });
        for (const host of wanted.get(token) ?? []) heard(host, answer);
        quiet.refresh();
        if (left.size === 0) finish();
      },
    });
    const finish = () => {
      clearTimeout(quiet);
      clearTimeout(last);
      signal.removeEventListener("abort", finish);
      subscription.unsubscribe();
      resolve();
    };
    const quiet = setTimeout(finish, Math.min(waveMs, QUIET_MS));
    const last = setTimeout(finish, waveMs);
    signal.addEventListener("abort", finish, { once: true });
    const request: StatusRequest = { protocol: PROTOCOL, answerTo: nonce };
    connection.publish(subjects.all, JSON.stringify(request));
    if (signal.aborted) finish();
  });
}

function groupByToken(hosts: readonly FleetHost[]): ReadonlyMap<string, readonly FleetHost[]> {
  const groups = new Map<string, FleetHost[]>();
  for (const host of hosts) {
    const token = tokenOf(host.address);
    groups.set(token, [...(groups.get(token) ?? []), host]);
  }
  return groups;
}
