// Which package holds a command, so that a fix is one line to paste.
import type { OsFamily } from "../../parsers/os-release.ts";

const INSTALL: Readonly<Record<OsFamily, string>> = {
  debian: "apt-get install -y",
  rhel: "dnf install -y",
  alpine: "apk add",
};

/** Where the package is not called as the command is; an empty name: the system has no such thing. */
const PACKAGES: Readonly<Record<string, Readonly<Record<OsFamily, string>>>> = {
  "eu-stack": { debian: "elfutils", rhel: "elfutils", alpine: "elfutils" },
  flock: { debian: "util-linux", rhel: "util-linux", alpine: "util-linux-misc" },
  // In a JDK of any version; these are the ones in the middle of their support.
  jcmd: { debian: "default-jdk-headless", rhel: "java-21-openjdk-devel", alpine: "openjdk21-jdk" },
  jstat: { debian: "default-jdk-headless", rhel: "java-21-openjdk-devel", alpine: "openjdk21-jdk" },
  journalctl: { debian: "systemd", rhel: "systemd", alpine: "" },
  nsenter: { debian: "util-linux", rhel: "util-linux", alpine: "util-linux-misc" },
  psql: { debian: "postgresql-client", rhel: "postgresql", alpine: "postgresql-client" },
  "ssh-keygen": { debian: "openssh-client", rhel: "openssh", alpine: "openssh-keygen" },
  ss: { debian: "iproute2", rhel: "iproute", alpine: "iproute2" },
};

/** What no distribution of these has a package for: the line of its own documentation. */
const ELSEWHERE: Readonly<Record<string, string>> = { "py-spy": "pip install py-spy" };

/** `apt-get install -y elfutils`, or words where no package is known. */
export function installLine(command: string, family: OsFamily | undefined): string {
  const elsewhere = ELSEWHERE[command];
  if (elsewhere !== undefined) return elsewhere;
  if (family === undefined) return `install the package that holds ${command}`;
  const name = PACKAGES[command]?.[family] ?? command;
  if (name === "")
    return `there is none on this system; the files that the target holds open are read instead`;
  return `${INSTALL[family]} ${name}`;
}
