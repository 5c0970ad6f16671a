// exhibit fleet status: is exhibit there, which, and what waits in its spool.
import type { HostStatus } from "../fleet/transport.ts";
import { printable } from "../printable.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readHosts } from "./fleet-hosts.ts";
import type { FleetOptions } from "./fleet-options.ts";
import { countStates, countText, exitCodeOfStates } from "./fleet-report.ts";
import { chooseTransport, openTransport } from "./fleet-transport.ts";
import { readDuration } from "./capture-request.ts";
import { readSettings } from "./read-settings.ts";
import { exitCodeOf } from "./keys.ts";
import type { FleetLine, StatusLine } from "./results/fleet.ts";
import { layColumns } from "./style.ts";
import type { StopSignal } from "./command.ts";

const TIMEOUT_MS = 120_000;
/** Less is the way of the message. */
const SKEW_MS = 2000;

export async function status(context: CommandContext<FleetOptions>): Promise<CommandResult> {
  const { options, global } = context;
  const { settings } = await readSettings(context);
  const { hosts, told } = await readHosts(context);
  for (const line of told) context.warn(`exhibit: ${line}`);
  const tell = (line: FleetLine) => void (global.json && context.print(`${JSON.stringify(line)}\n`));
  if (options.dryRun) {
    context.say(
      `exhibit: ${hosts.length} hosts would be asked: ${printable(hosts.map(({ name }) => name).join(" "), 2000)}`,
    );
    return { exitCode: 0 };
  }
  const stop = new AbortController();
  let stoppedBy: StopSignal | undefined;
  const undo = context.onSignal((signal) => {
    stoppedBy ??= signal;
    stop.abort();
  });
  const found = new Map<string, HostStatus>();
  const transport = await openTransport(
    chooseTransport(options, settings, "status"),
    options,
    settings,
    context.warn,
  );
  try {
    await transport.status(hosts, {
      timeoutMs: options.deadline === undefined ? TIMEOUT_MS : readDuration("--deadline", options.deadline),
      signal: stop.signal,
      tell: (host, what) => {
        found.set(host, what);
        tell(statusLine(host, what));
      },
    });
  } finally {
    undo();
    await transport.close();
  }
  const states = [...found.values()].map(({ state }) => state);
  const exitCode = stoppedBy === undefined ? exitCodeOfStates(states, "online") : exitCodeOf(stoppedBy);
  const counts = countStates([...found.values()]);
  tell({ kind: "end", states: counts, exitCode });
  context.say(`exhibit: ${countText(counts)} of ${hosts.length} ${hosts.length === 1 ? "host" : "hosts"}`);
  const rows = hosts.map(({ name }) => rowOf(name, found.get(name)));
  return {
    exitCode,
    text: `${layColumns([["HOST", "STATE", "VERSION", "TO SEND", "CAPTURING", ""], ...rows]).join("\n")}\n`,
  };
}

function statusLine(
  host: string,
  { state, version, waiting, capturing, clockSkewMs, reason }: HostStatus,
): StatusLine {
  return {
    kind: "status",
    host,
    state,
    ...(version === undefined ? {} : { version }),
    ...(waiting === undefined ? {} : { waiting }),
    ...(capturing === undefined ? {} : { capturing }),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function rowOf(name: string, found: HostStatus | undefined): readonly string[] {
  const { state = "lost", version, waiting, capturing, clockSkewMs = 0, reason } = found ?? {};
  const clock =
    Math.abs(clockSkewMs) < SKEW_MS ? "" : `its clock is ${(clockSkewMs / 1000).toFixed(0)} s off`;
  const why = [clock, reason ?? ""].filter((text) => text !== "").join("; ");
  return [name, state, version ?? "-", String(waiting ?? "-"), String(capturing ?? "-"), printable(why, 300)];
}
