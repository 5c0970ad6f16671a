// Whether a process may be asked for its inspector, by reading alone: nothing is sent to it before all of this holds. A
// signal that Node does not handle ends the process; one that the application handles does whatever it pleases.
import { constants } from "node:os";
import type { HeldProcess } from "../host/process-files.ts";
import { linkHostSync } from "../host/host-files.ts";
import { parseNodeArguments, type NodeArguments } from "../parsers/node-arguments.ts";
import { parseSignal } from "../parsers/proc-signals.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";
import { attempt } from "../target/executable.ts";
import { detectRuntime } from "../target/runtime.ts";
import { openSignalTable, type SignalTable } from "./signal-table.ts";
import { clientsOf, listenersOf, type Listener } from "./tcp-sockets.ts";

/** What may be done. `open` is a listener that is there already: nothing is sent then, and it is not ours to close. */
export interface Clearance {
  readonly port: number;
  readonly listenersBefore: readonly Listener[];
  readonly open: Listener | undefined;
  /** Its network namespace is another one than ours. */
  readonly isElsewhere: boolean;
  /** Looks again, in a millisecond: what forbids the signal now. An application may have begun to handle it meanwhile. */
  readonly reasonNotToSignal: () => string | undefined;
}

export type Verdict = { readonly may: Clearance } | { readonly mayNot: string };

/** `knownPort` is where its inspector is known to be. */
export function mayInspect(held: HeldProcess, knownPort?: number): Verdict {
  const mayNot = reasonNotToTouch(held);
  if (mayNot !== undefined) return { mayNot };
  const asked = readArguments(held);
  if (asked === undefined) return { mayNot: "its environment cannot be read; run as root" };
  if (asked.hasPermissionModel)
    return { mayNot: "it runs under Node's permission model, which has no inspector" };
  const listeners = listenersOf(held);
  if (listeners === undefined) return { mayNot: "its open files cannot be listed; run as root" };
  const isElsewhere = netNamespace(held) !== attempt(() => String(linkHostSync("/proc/self/ns/net")));
  const port = knownPort ?? asked.port;
  const there = listeners.find((listener) => listener.port === port && port !== 0);
  const shared = { port, listenersBefore: listeners, open: undefined, isElsewhere };

  if (there !== undefined) {
    if (!there.isOwn) return { mayNot: `port ${port}, where its inspector would listen, is taken` };
    if (clientsOf(held, port) > 0)
      return { mayNot: `somebody is connected to its inspector already (port ${port})` };
    return { may: { ...shared, open: there, reasonNotToSignal: () => "its inspector is open already" } };
  }
  if (asked.asksForInspector && port === 0)
    return { mayNot: "its inspector listens on a port that cannot be told" };
  const known = { isDisabled: asked.disablesSigusr1, table: openSignalTable(held) };
  const unsafe = reasonNotToSignal(held, known);
  if (unsafe !== undefined) return { mayNot: unsafe };
  const again = () => reasonNotToTouch(held) ?? reasonNotToSignal(held, known);
  return { may: { ...shared, reasonNotToSignal: again } };
}

/** What forbids even to connect. */
function reasonNotToTouch(held: HeldProcess): string | undefined {
  const text = attempt(() => held.readSync("status").toString("latin1"));
  if (text === undefined) return "it has ended";
  const status = parseProcStatus(text);
  if (status.state === undefined || /[ZX]/.test(status.state)) return "it has ended";
  if (status.tracerPid !== 0) return `it is traced by process ${status.tracerPid ?? "unknown"}`;
  if (/[Tt]/.test(status.state)) return "it is stopped";
  // By its symbols, never by its name.
  return detectRuntime(held).name === "node" ? undefined : "it is not Node";
}

/** What forbids SIGUSR1. */
function reasonNotToSignal(
  held: HeldProcess,
  { isDisabled, table }: { readonly isDisabled: boolean; readonly table: SignalTable },
): string | undefined {
  const text = attempt(() => held.readSync("status").toString("latin1"));
  const signal = text && parseSignal(parseProcStatus(text).lines, constants.signals.SIGUSR1);
  if (!signal) return "how it takes SIGUSR1 cannot be told";
  if (isDisabled) return "it does not take SIGUSR1: it runs with --disable-sigusr1";
  // Node blocks it from its first lines until its handler stands (ParseSigmask of node.cc), which its very first moment, before
  // that, does not: then nothing catches it. Both times it would be lost, or the end of the process.
  if (signal.blocked || signal.ignored)
    return "it does not take SIGUSR1: it is starting, or somebody has blocked or ignored it";
  // An application that had a handler and took it out leaves what ends the process.
  if (!signal.caught)
    return "it does not take SIGUSR1, which would end it: it is starting, or had a handler of its own";
  const handled = table();
  if (handled === undefined)
    return "whether it handles SIGUSR1 itself cannot be told: no symbols, or its memory may not be read";
  return handled.has(constants.signals.SIGUSR1) ? "it handles SIGUSR1 itself" : undefined;
}

function readArguments(held: HeldProcess): NodeArguments | undefined {
  const words = attempt(() => held.readSync("cmdline").toString("latin1").split("\0").slice(1));
  const environment = attempt(() => held.readSync("environ").toString("latin1"));
  if (words === undefined || environment === undefined) return undefined;
  const options = /(?:^|\0)NODE_OPTIONS=([^\0]*)/.exec(environment)?.[1] ?? "";
  return parseNodeArguments(words, options);
}

function netNamespace(held: HeldProcess): string | undefined {
  return attempt(() => String(held.linkSync("ns/net")));
}
