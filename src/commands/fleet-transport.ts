// Which way a job goes, and that way opened: your own ssh, or the bus that the settings name.
import { UsageError } from "../errors.ts";
import type { Job } from "../fleet/job.ts";
import { openSsh, type SshTransport } from "../fleet/ssh/transport.ts";
import type { Transport } from "../fleet/transport.ts";
import { printable } from "../printable.ts";
import type { Settings } from "../settings.ts";
import type { FleetOptions } from "./fleet-options.ts";

/** Only ssh runs a command there, or checks. */
export type FleetTransport = Transport & Partial<Pick<SshTransport, "guard" | "check">>;

type Ways = Pick<FleetOptions, "transport" | "sshConfig" | "exhibit" | "push">;

/** Of what the bus does, it does what nobody asked to go by ssh. Throws UsageError for what does not go together. */
export function chooseTransport(
  options: Ways,
  { fleet }: Pick<Settings, "fleet">,
  action: Job["do"] | "status",
): Job["transport"] {
  const asked = options.transport;
  const goesBySsh = options.sshConfig !== undefined || options.exhibit !== undefined || options.push;
  const isOnBus = action === "capture" || action === "status";
  if (asked === undefined) return fleet.servers.length > 0 && isOnBus && !goesBySsh ? "nats" : "ssh";
  if (asked !== "ssh" && asked !== "nats")
    throw new UsageError(`--transport ${printable(asked)}: expected ssh or nats`);
  if (asked === "ssh") return "ssh";
  if (!isOnBus)
    throw new UsageError(`fleet ${action} goes by ssh: agents on the bus capture, and tell their status`, {
      hint: "--transport ssh",
    });
  if (goesBySsh) throw new UsageError("--ssh-config, --exhibit and --push are for ssh, not for the bus");
  if (fleet.servers.length === 0)
    throw new UsageError("--transport nats: the settings name no bus", {
      hint: "fleet.servers in /etc/exhibit/exhibit.yaml; exhibit agent credentials makes what it takes",
    });
  return "nats";
}

/** Throws ExhibitError when there is no way to the bus. */
export async function openTransport(
  transport: Job["transport"],
  options: Ways,
  { fleet }: Pick<Settings, "fleet">,
  say: (text: string) => void,
): Promise<FleetTransport> {
  if (transport === "nats") {
    const { openNatsTransport } = await import("../fleet/nats/transport.ts");
    return openNatsTransport(fleet, (text) => say(`exhibit: ${printable(text, 500)}`));
  }
  return openSsh({
    command: options.exhibit ?? "exhibit",
    push: options.push,
    ...(options.sshConfig === undefined ? {} : { configFile: options.sshConfig }),
  });
}
