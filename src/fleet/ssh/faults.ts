// Why ssh could not do it, from its exit status and its last words, as a state and a line with the fix. ssh speaks English
// whatever the locale is. Text in, values out.
import { printable } from "../../printable.ts";
import type { HostState } from "../contract.ts";
import type { FleetHost } from "../transport.ts";

/** Nothing was begun there. */
export interface Fault {
  readonly state: Extract<HostState, "offline" | "denied" | "failed">;
  readonly reason: string;
  /** Trying once more may help. */
  readonly again?: true;
  /** Exhibit is not there, or too old to be asked. */
  readonly lacks?: "exhibit" | "fleet" | "node";
}

/** ssh's own failures (ssh(1), EXIT STATUS). */
const SSH_FAILED = 255;
/** The shell there found no such command (POSIX.1-2017, XCU 2.8.2). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

type Rule = readonly [RegExp, (host: FleetHost, said: string) => Fault];

const offline = (reason: string): Fault => ({ state: "offline", reason, again: true });

/** In this order: ssh says several things, the particular one before the general one. */
const RULES: readonly Rule[] = [
  [
    /Could not resolve hostname|Name or service not known|nodename nor servname/,
    ({ address }) => ({
      state: "offline",
      reason: `no such host: ${address}; check the name, or give its address in the inventory (ansible_host)`,
    }),
  ],
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|has changed and you have requested strict checking/,
    ({ address }) => ({
      state: "denied",
      reason: `its host key is not the one that is known; if it was set up anew: ssh-keygen -R ${address}, then ssh ${address} once by hand`,
    }),
  ],
  [
    /host key is known for|Host key verification failed/,
    ({ address }) => ({
      state: "denied",
      reason: `its host key is not known; ssh ${address} once by hand, or add it to known_hosts`,
    }),
  ],
  [
    /Permission denied|Too many authentication failures|no mutual signature|No supported authentication/,
    ({ address }, said) => ({
      state: "denied",
      reason: `ssh is not let in: ${said}; check: ssh -o BatchMode=yes ${address} true`,
    }),
  ],
  [/Connection refused/, () => offline("the connection is refused: no sshd listens there")],
  [/timed out|Timeout, server/, () => offline("it does not answer (ConnectTimeout 15 s)")],
  [/No route to host|unreachable/, () => offline("there is no route to it")],
  [
    /Connection (?:closed|reset) by|kex_exchange_identification|Broken pipe/,
    (_host, said) =>
      offline(`the connection was closed before the login: ${said}; see MaxStartups in sshd_config`),
  ],
  [
    /Bad configuration option|terminating, \d+ bad|Can't open user config|Bad owner or permissions/,
    (_host, said) => ({ state: "failed", reason: `ssh's configuration is wrong: ${said}` }),
  ],
];

function lastLine(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("@"));
  return printable(lines.at(-1)?.trim() ?? "", 300);
}

/** What ended before the far side greeted. */
export function faultOf(
  host: FleetHost,
  ended: { readonly exitCode: number | undefined; readonly stderr: string },
  command: string,
): Fault {
  const { exitCode, stderr } = ended;
  const said = lastLine(stderr);
  if (exitCode === undefined) return { state: "failed", reason: "ssh was ended by a signal", again: true };
  if (exitCode === SSH_FAILED) {
    const [, fault] = RULES.find(([pattern]) => pattern.test(stderr)) ?? [];
    return fault?.(host, said) ?? offline(said === "" ? "ssh failed and said nothing" : `ssh: ${said}`);
  }
  const fix = "install it there, name it with --exhibit COMMAND, or say --push";
  if (exitCode === NOT_FOUND && /\bnode\b/.test(said) && !said.includes("exhibit:"))
    return { state: "failed", reason: `node is not there: ${said}; install Node 20 or newer`, lacks: "node" };
  if (exitCode === NOT_FOUND)
    return { state: "failed", reason: `exhibit is not there; ${fix}`, lacks: "exhibit" };
  if (exitCode === NOT_EXECUTABLE)
    return { state: "failed", reason: `${command} cannot be run there: ${said}; ${fix}`, lacks: "exhibit" };
  if (/unknown command fleet/.test(stderr) || exitCode === 2)
    return {
      state: "denied",
      reason: "exhibit there is too old for fleet; update it, or say --push",
      lacks: "fleet",
    };
  return {
    state: "failed",
    reason: `${command} ended with status ${exitCode}: ${said || "it said nothing"}`,
  };
}
