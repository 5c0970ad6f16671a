// Secrets of ours come from files alone: never from a flag, the environment or the settings. What must stay true: a file
// that others may read is refused, and nothing of its content gets into a message.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errnoOf, ExhibitError } from "../errors.ts";
import { readUpTo } from "./bounded-read.ts";

const LIMIT_BYTES = 64 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where systemd puts the secrets of a service (systemd.exec(5), "LoadCredential="). */
function credentialsFolder(environment: Environment): string | undefined {
  const folder = environment["CREDENTIALS_DIRECTORY"];
  return folder ? resolve(folder) : undefined;
}

/** Where the file of a secret lies: relative to $CREDENTIALS_DIRECTORY, else to /etc/exhibit/secrets. */
export function secretPath(name: string, environment: Environment = process.env): string {
  return resolve(credentialsFolder(environment) ?? "/etc/exhibit/secrets", name);
}

/** The text of a secret file without blanks around it. Throws ExhibitError with the way to mend it. */
export async function readSecret(path: string, environment: Environment = process.env): Promise<string> {
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const hint =
      errnoOf(error) === "ENOENT" ? { hint: `write the secret there, then: chmod 0600 ${path}` } : {};
    throw new ExhibitError(`${path}: cannot be read (${errnoOf(error)})`, { ...hint, cause: error });
  }
  await using file = handle;
  const stats = await file.stat();
  if (!stats.isFile() || stats.size > LIMIT_BYTES)
    throw new ExhibitError(`${path}: is not a secret: expected a small file`);
  // systemd hands secrets over as 0440, in a folder that the service alone may enter.
  const forbidden = dirname(path) === credentialsFolder(environment) ? 0o037 : 0o077;
  if ((stats.mode & forbidden) !== 0)
    throw new ExhibitError(`${path}: others may read it`, { hint: `chmod 0600 ${path}` });
  return (await readUpTo(file, LIMIT_BYTES)).toString("utf8").trim();
}
