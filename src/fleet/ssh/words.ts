// The words that start the system's own ssh: the user's configuration, keys, agent and jump hosts are his, and never parsed
// here. What must stay true: it never asks, never trusts a new or changed host key, and takes no host for an option.
import type { FleetHost } from "../transport.ts";

export interface SshOptions {
  /** In place of the user's own configuration (ssh -F). */
  readonly configFile?: string;
  /** A folder of ours, mode 0700: connections are shared through it. */
  readonly controlFolder: string;
}

/** ConnectTimeout covers the banner too: with 5 s healthy hosts were called down at a load of 30 (measured). */
const OPTIONS = [
  "BatchMode=yes",
  "StrictHostKeyChecking=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=2",
  // A configuration for people at a terminal may ask for these; each would break the conversation or reach too far.
  "ClearAllForwardings=yes",
  "ForwardAgent=no",
  "ForwardX11=no",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  // With less nothing is said of a key that changed.
  "LogLevel=ERROR",
];

const option = (text: string): readonly string[] => ["-o", text];

function common({ configFile, controlFolder }: SshOptions): readonly string[] {
  return [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...OPTIONS.flatMap(option),
    ...option(`ControlPath=${controlFolder}/%C`),
  ];
}

function destination({ address, user, port }: FleetHost): readonly string[] {
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    "--",
    address,
  ];
}

/** `command` is read by the login shell there: it holds nothing that a stranger wrote. */
export function sshWords(options: SshOptions, host: FleetHost, command: string): [string, ...string[]] {
  const sharing = ["ControlMaster=auto", "ControlPersist=60"].flatMap(option);
  return ["ssh", "-T", ...common(options), ...sharing, ...destination(host), command];
}

/** Ends the shared connection to a host. */
export function sshExitWords(options: SshOptions, host: FleetHost): [string, ...string[]] {
  return ["ssh", ...common(options), "-O", "exit", ...destination(host)];
}

/** Prints what the configuration says of a host, and connects to nothing. */
export function sshConfigWords(options: SshOptions, host: FleetHost): [string, ...string[]] {
  return ["ssh", ...common(options), "-G", ...destination(host)];
}
