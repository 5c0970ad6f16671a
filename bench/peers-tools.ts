// The commands that bench:peers runs beside exhibit: installed when missing, and their versions.
import { spawnSync } from "node:child_process";

/** Command, Debian package, and how it says its version. */
const NEEDED: readonly (readonly [string, string, readonly string[]])[] = [
  ["sos", "sosreport", ["dpkg-query", "-Wf", "sos ${Version}", "sosreport"]],
  ["gcore", "gdb", ["gdb", "--version"]],
  ["top", "procps", ["top", "-V"]],
  ["lsof", "lsof", ["dpkg-query", "-Wf", "lsof ${Version}", "lsof"]],
  ["ss", "iproute2", ["ss", "-V"]],
  ["zstd", "zstd", ["dpkg-query", "-Wf", "zstd ${Version}", "zstd"]],
  ["tar", "tar", ["tar", "--version"]],
  ["xz", "xz-utils", ["xz", "--version"]],
  ["/usr/bin/time", "time", ["dpkg-query", "-Wf", "time ${Version}", "time"]],
];

function has(command: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", command]).status === 0;
}

/** Installs what is missing where that is possible, else says the line and ends. */
export function ensurePeers(): void {
  const missing = NEEDED.filter(([command]) => !has(command)).map(([, name]) => name);
  if (missing.length === 0) return;
  const line = ["apt-get", "install", "-y", "-o", "DPkg::Lock::Timeout=600", ...missing] as const;
  if (process.getuid?.() === 0 && spawnSync(line[0], line.slice(1), { stdio: "inherit" }).status === 0)
    return;
  process.stderr.write(`missing: ${missing.join(", ")}; as root: ${line.join(" ")}\n`);
  process.exit(1);
}

function firstLine(argv: readonly string[]): string {
  const [command = "", ...args] = argv;
  return spawnSync(command, args, { encoding: "utf8" }).stdout.trim().split("\n")[0] ?? "";
}

/** Of exhibit and of everything that it is compared with. */
export function versions(cli: string): string {
  return [`exhibit ${firstLine([process.execPath, cli, "--version"]).replace(/^exhibit /, "")}`]
    .concat(NEEDED.map(([, , argv]) => firstLine(argv)))
    .join("; ");
}
