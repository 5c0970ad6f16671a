// /etc/os-release (os-release(5)): which family of systems this is, so that a fix can name the right package tool.

export type OsFamily = "debian" | "rhel" | "alpine";

const FAMILIES: ReadonlyMap<string, OsFamily> = new Map([
  ["debian", "debian"],
  ["ubuntu", "debian"],
  ["rhel", "rhel"],
  ["fedora", "rhel"],
  ["centos", "rhel"],
  ["amzn", "rhel"],
  ["alpine", "alpine"],
]);

/** One value, without the shell's quotes around it. */
function valueOf(text: string, key: string): string | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${key}=`));
  return line
    ?.slice(key.length + 1)
    .trim()
    .replace(/^(["'])(.*)\1$/, "$2");
}

/** The family by ID, else by the nearest relative that ID_LIKE names; undefined when neither is known. */
export function parseOsFamily(text: string): OsFamily | undefined {
  const names = [valueOf(text, "ID"), ...(valueOf(text, "ID_LIKE")?.split(" ") ?? [])];
  for (const name of names) {
    const family = FAMILIES.get(name?.toLowerCase() ?? "");
    if (family) return family;
  }
  return undefined;
}
