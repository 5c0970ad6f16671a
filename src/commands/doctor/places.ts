// Where evidence goes: the spool, the stores, and the secrets that open them.
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import prettyBytes from "pretty-bytes";
import { errnoOf, ExhibitError, messageOf } from "../../errors.ts";
import { readDisk, spendableBytes } from "../../host/disk.ts";
import { readSecret, secretPath } from "../../host/secret-file.ts";
import { printable } from "../../printable.ts";
import type { Settings } from "../../settings.ts";
import { secretFilesOf } from "../../settings-incidents.ts";
import { openStore } from "../../upload/open-store.ts";
import type { StoreTrial } from "../../upload/store.ts";
import { failed, ok, warning, type Check } from "./check.ts";

/** With less than this the core of an ordinary service would be left out. */
const ROOM_FOR_A_CORE_BYTES = 2 * 1024 ** 3;

const size = (bytes: number) => prettyBytes(bytes, { binary: true });

/** The folder itself, or the nearest above it that is there. */
async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found || path === dirname(path) ? path : nearestFolder(dirname(path));
}

/** Whether a bundle could be written now, without touching anything. */
export async function checkSpool({ path, keepFree }: Settings["spool"]): Promise<Check> {
  const name = `spool ${printable(path)}`;
  const folder = await nearestFolder(path);
  const elsewhere = "run exhibit as root, or set spool.path to a folder of yours";
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    if (!(await stat(folder)).isDirectory())
      return failed(name, `${printable(folder)} is no folder`, elsewhere);
    const disk = await readDisk(folder);
    const room = spendableBytes(disk, keepFree);
    const detail = `${size(room)} may be written, ${size(disk.freeBytes)} of ${size(disk.totalBytes)} are free`;
    if (room === 0)
      return failed(
        name,
        `no room beside the reserve: ${detail}`,
        "free some space, or lower spool.keepFree",
      );
    if (room < ROOM_FOR_A_CORE_BYTES)
      return warning(name, `little room for a core: ${detail}`, "free some space, or lower spool.keepFree");
    return ok(name, detail);
  } catch (error) {
    return failed(name, `cannot be written: ${errnoOf(error) ?? messageOf(error)}`, elsewhere);
  }
}

/** Whether each store takes, gives back and removes a small object. */
export async function checkStores(stores: Settings["store"]): Promise<readonly Check[]> {
  return Promise.all(
    Object.entries(stores).map(async ([name, settings]) => {
      const title = `store ${name}`;
      try {
        const store = await openStore(name, settings);
        return trialCheck(title, store.location, await store.check());
      } catch (error) {
        const hint = error instanceof ExhibitError ? error.hint : undefined;
        return failed(
          title,
          printable(messageOf(error), 300),
          hint ?? `look at store.${name} in the settings: exhibit config`,
        );
      }
    }),
  );
}

/** What a store did and did not do in a trial. */
function trialCheck(title: string, location: string, { proven, missing }: StoreTrial): Check {
  const where = printable(location, 300);
  const [first] = missing.filter(({ asked }) => asked);
  const works = proven.join(", ");
  const lacks = missing.map(({ what }) => what).join(", ");
  const detail = `${where}: ${works}${lacks === "" ? "" : `; without ${printable(lacks, 300)}`}`;
  return first ? warning(title, detail, first.fix) : ok(title, detail);
}

/** Whether each secret file that the settings name is there, and nobody else's to read. */
export async function checkSecrets({ store, incidents }: Settings): Promise<readonly Check[]> {
  const files = [
    ...Object.values(store).flatMap((one) =>
      one.type === "s3" && one.credentialsFile !== null ? [one.credentialsFile] : [],
    ),
    ...incidents.flatMap(secretFilesOf),
  ];
  return Promise.all([...new Set(files)].map(checkSecret));
}

async function checkSecret(file: string): Promise<Check> {
  const path = secretPath(file);
  const title = `secret ${printable(file)}`;
  try {
    await readSecret(path);
    return ok(title, printable(path));
  } catch (error) {
    const hint = error instanceof ExhibitError ? error.hint : undefined;
    return failed(title, printable(messageOf(error), 300), printable(hint ?? "run exhibit as root", 300));
  }
}
