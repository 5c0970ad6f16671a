// The transport by the system's own ssh. What must stay true: an order that was given and not answered is asked for again
// under the same job id, never given anew; what stays unanswered is lost, not failed.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pLimit from "p-limit";
import { delay } from "../../host/clock.ts";
import { openDeadline } from "../../host/deadline.ts";
import { runQuick } from "../../host/run.ts";
import { printable } from "../../printable.ts";
import { PROTOCOL, type AskedTarget } from "../contract.ts";
import type { HostOutcome } from "../job.ts";
import type { FleetHost, HostOrder, Transport } from "../transport.ts";
import { openBastions } from "./bastions.ts";
import { talk, type Talk } from "./conversation.ts";
import type { Fault } from "./faults.ts";
import type { Hello, Order } from "./messages.ts";
import { openPush } from "./push.ts";
import { sshExitWords, sshWords, type SshOptions } from "./words.ts";

/** More in flight buys nothing: they wait for our own CPU (measured with 200 hosts). */
const IN_FLIGHT = Math.min(32, 16 * availableParallelism());
/** How often an order that was cut off is asked for again, and what is waited before. */
const ASK_AGAIN_MS = [1000, 5000, 15_000];
const TRY_AGAIN_MS = 2000;
const LONGEST_FOLDER = 28;
export type Directions = { readonly signal: AbortSignal; readonly progress?: (text: string) => void };

export interface SshTransport extends Transport {
  readonly guard: (
    host: FleetHost,
    order: HostOrder & { readonly argv: readonly string[] },
    options: Directions,
  ) => Promise<HostOutcome>;
  readonly check: (
    host: FleetHost,
    order: {
      readonly target: AskedTarget;
      readonly connectedTo: readonly string[];
      readonly expiresInMs: number;
    },
    options: Directions,
  ) => Promise<HostOutcome>;
}

export interface SshSettings {
  /** ssh -F. */
  readonly configFile?: string;
  /** How exhibit is called there: words for the login shell of each host. */
  readonly command: string;
  /** Where there is none, ours is sent. */
  readonly push: boolean;
}

/** Its connections are shared through a folder that `close` takes away. */
export async function openSsh(settings: SshSettings): Promise<SshTransport> {
  // With ssh's own name and its suffix the path of a socket must stay below 108 bytes (unix(7)).
  const folder = Buffer.byteLength(tmpdir()) > LONGEST_FOLDER ? "/tmp" : tmpdir();
  const controlFolder = await mkdtemp(join(folder, "exhibit-ssh-"));
  const options: SshOptions = {
    controlFolder,
    ...(settings.configFile === undefined ? {} : { configFile: resolve(settings.configFile) }),
  };
  const takeTurn = openBastions(options);
  const push = openPush(options);
  const inFlight = pLimit(IN_FLIGHT);
  const connected = new Map<string, FleetHost>();
  /** How it is called on hosts that ours was sent to. */
  const pushed = new Map<string, string>();

  const once = async (
    host: FleetHost,
    order: (hello: Hello) => Order,
    signal: AbortSignal,
  ): Promise<Talk> => {
    const command = pushed.get(host.name) ?? settings.command;
    const through = await takeTurn(host);
    connected.set(host.name, host);
    try {
      const argv = sshWords(options, host, `${command} fleet answer`);
      return await talk({ host, argv, command, orderOf: order, signal, onGreeting: through });
    } finally {
      through();
    }
  };

  /** Until something was ordered, or is known to be impossible. */
  const reach = async (
    host: FleetHost,
    order: (hello: Hello) => Order,
    { signal, progress }: Directions,
  ): Promise<Talk> => {
    let said = await once(host, order, signal);
    if (said.kind === "not-begun" && said.again && !signal.aborted) {
      progress?.("tried again");
      await delay(TRY_AGAIN_MS, signal);
      said = await once(host, order, signal);
    }
    if (said.kind !== "not-begun" || said.lacks === undefined || said.lacks === "node") return said;
    if (!settings.push) return said.lacks === "fleet" ? await withVersion(host, said, signal) : said;
    progress?.("sending exhibit");
    const done = await push(host, signal);
    if (!("command" in done)) return { kind: "not-begun", ...done };
    pushed.set(host.name, done.command);
    return once(host, order, signal);
  };

  /** One that is too old cannot say so itself. */
  const withVersion = async (
    host: FleetHost,
    said: Extract<Talk, { kind: "not-begun" }>,
    signal: AbortSignal,
  ) => {
    const version = await versionThere(sshWords(options, host, `${settings.command} --version`), signal);
    return version === undefined ? said : { ...said, reason: `${said.reason} (it is ${version})` };
  };

  const ordered = async (
    host: FleetHost,
    order: (hello: Hello) => Order,
    directions: Directions,
  ): Promise<HostOutcome> => {
    let said = await inFlight(() => reach(host, order, directions));
    let wasOrdered = false;
    for (const pauseMs of ASK_AGAIN_MS) {
      if (said.kind === "answered") break;
      wasOrdered ||= said.kind === "cut";
      if (!wasOrdered || directions.signal.aborted) break;
      directions.progress?.("asked again");
      await delay(pauseMs, directions.signal);
      said = await inFlight(() => once(host, order, directions.signal));
    }
    return outcomeOf(said, wasOrdered);
  };

  return {
    name: "ssh",
    pausesHeldBy: "controller",
    capture: (host, order, directions) => ordered(host, captureOrder(order), directions),
    guard: (host, { argv, ...order }, directions) =>
      ordered(host, (hello) => ({ ...captureOrder(order)(hello), do: "guard", argv: [...argv] }), directions),
    check: (host, { target, connectedTo, expiresInMs }, directions) => {
      const expires = expiry(expiresInMs);
      const order = (hello: Hello): Order => ({
        protocol: PROTOCOL,
        do: "check",
        target,
        expiresAtMs: expires(hello),
        connectedTo: [...connectedTo],
      });
      return ordered(host, order, directions);
    },
    status: async (hosts, { timeoutMs, signal, tell }) => {
      const deadline = openDeadline(timeoutMs, signal);
      await Promise.all(
        hosts.map(async (host) => {
          const said = await inFlight(() => reach(host, statusOrder, { signal: deadline.signal }));
          tell(host.name, statusOf(said));
        }),
      );
      deadline.close();
    },
    close: async () => {
      await Promise.all(
        [...connected.values()].map((host) =>
          inFlight(() => runQuick(sshExitWords(options, host), { timeoutMs: 2000 })),
        ),
      );
      await rm(controlFolder, { recursive: true, force: true });
    },
  };
}

const statusOrder = (): Order => ({ protocol: PROTOCOL, do: "status" });

/** An instant in the clock of the host that is asked, however wrong that is. */
function expiry(expiresInMs: number): (hello: Hello) => number {
  const from = performance.now();
  return ({ nowMs }) => Math.max(1, Math.round(nowMs + expiresInMs - (performance.now() - from)));
}

function captureOrder(order: HostOrder): (hello: Hello) => Extract<Order, { readonly do: "capture" }> {
  const { expiresInMs, incidents, ...rest } = order;
  const expires = expiry(expiresInMs);
  return (hello) => ({
    protocol: PROTOCOL,
    do: "capture",
    ...rest,
    incidents: [...incidents],
    expiresAtMs: expires(hello),
  });
}

function outcomeOf(said: Talk, wasOrdered: boolean): HostOutcome {
  const nothing = { captureIds: [], urls: [] };
  if (said.kind === "answered") {
    if (said.answer.kind === "status")
      return { ...nothing, state: "failed", reason: "it answered something else" };
    const { kind: _kind, ...outcome } = said.answer;
    return outcome;
  }
  if (said.kind === "cut")
    return { ...nothing, state: "lost", reason: `${said.reason}; look there with: exhibit ls` };
  const fault: Fault = said;
  if (!wasOrdered) return { ...nothing, state: fault.state, reason: fault.reason };
  return {
    ...nothing,
    state: "lost",
    reason: `it was asked, the connection was cut, and now: ${fault.reason}`,
  };
}

function statusOf(said: Talk): Parameters<Parameters<Transport["status"]>[1]["tell"]>[1] {
  if (said.kind === "cut") return { state: "lost", reason: said.reason };
  if (said.kind === "not-begun") return { state: said.state, reason: said.reason };
  const { hello, answer } = said;
  if (answer.kind !== "status") return { state: answer.state, version: hello.version, ...reasonOf(answer) };
  return {
    state: "online",
    version: printable(hello.version, 30),
    clockSkewMs: hello.nowMs - said.helloAtMs,
    ...(answer.waiting === undefined ? {} : { waiting: answer.waiting }),
    ...(answer.capturing === undefined ? {} : { capturing: answer.capturing }),
    ...reasonOf(answer),
  };
}

function reasonOf({ reason }: { readonly reason?: string | undefined }): { readonly reason?: string } {
  return reason === undefined ? {} : { reason };
}

async function versionThere(
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const { stdout } = await runQuick(argv, { timeoutMs: 20_000 });
  return /^\d+\.\d+\.\d+\S*$/m.exec(stdout)?.[0];
}
