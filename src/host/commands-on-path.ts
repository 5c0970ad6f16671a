// Which commands this host has, by a look at the folders of PATH: no process is started to find out.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where administrators' tools are when PATH of an ordinary login leaves them out; the same as for what we run. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** What execvp(3) takes without a PATH. */
const USUAL = ["/usr/bin", "/bin"].join(delimiter);

export type Lookup =
  | { readonly state: "found"; readonly path: string }
  | { readonly state: "not-executable"; readonly path: string }
  | { readonly state: "missing" };

/** EACCES and ENOTDIR on the way there are, for a search, the same as "not there". */
function kindOf(path: string): "file" | "other" | undefined {
  try {
    return statSync(path).isFile() ? "file" : "other";
  } catch {
    return undefined;
  }
}

function look(path: string): Lookup {
  if (kindOf(path) === undefined) return { state: "missing" };
  try {
    accessSync(path, constants.X_OK);
    return { state: kindOf(path) === "file" ? "found" : "not-executable", path };
  } catch {
    return { state: "not-executable", path };
  }
}

/**
 * Finds a command as execvp(3) does: a name with a slash is taken as it is, any other is searched for in `path`
 * (an empty entry is the working folder); the first executable file wins over one that merely has the name.
 */
export function lookUpCommand(command: string, path = process.env.PATH ?? USUAL): Lookup {
  if (command === "" || command.includes("\0")) return { state: "missing" };
  if (command.includes("/")) return look(command);
  const files = path
    .split(delimiter)
    .map((folder) => join(folder || ".", command))
    .filter((file) => kindOf(file) === "file")
    .map(look);
  return files.find(({ state }) => state === "found") ?? files[0] ?? { state: "missing" };
}

/** Where tools are looked for: PATH, or what is usual where it is unset or empty, and the folders of system administration. */
export function toolPath(): string {
  const path = process.env.PATH ?? "";
  return [path === "" ? USUAL : path, ...SYSTEM_FOLDERS].join(delimiter);
}

/** Whether a tool of the host can be run. */
export async function hasCommand(command: string): Promise<boolean> {
  return lookUpCommand(command, toolPath()).state === "found";
}
