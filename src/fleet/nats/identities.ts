// The names of a fleet, signed: an operator and an account of NATS, and a token with a key for each user. The keys that sign
// stay in the folder `keys`: with them more hosts are added later, and whoever has them may be anybody.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fmtCreds, encodeAccount, encodeOperator, encodeUser } from "@nats-io/jwt";
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from "@nats-io/nkeys";
import { errnoOf, ExhibitError } from "../../errors.ts";
import { writeFileDurable } from "../../host/files.ts";
import type { Permissions } from "./permissions.ts";

const UNLIMITED = {
  conn: -1,
  subs: -1,
  leaf: 0,
  data: -1,
  payload: -1,
  imports: 0,
  exports: 0,
  wildcards: true,
};
/** The bucket of pauses alone: keys of some bytes, each for a minute. */
const STORAGE = { mem_storage: 0, disk_storage: 64 * 1024 ** 2, streams: 2, consumer: 8 };
const NO_STORAGE = { mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 };

export interface Identities {
  /** For the server's configuration. */
  readonly operator: string;
  readonly account: { readonly id: string; readonly token: string };
  readonly system: { readonly id: string; readonly token: string };
  /** The text of a file of credentials; `expiresAtS` in seconds of the epoch. */
  readonly user: (name: string, permissions: Permissions, expiresAtS: number | undefined) => Promise<string>;
}

async function keyIn(path: string, make: () => KeyPair): Promise<KeyPair> {
  try {
    return fromSeed(new TextEncoder().encode((await readFile(path, "utf8")).trim()));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw new ExhibitError(`${path}: is no key of ours`, { cause: error });
  }
  const key = make();
  await writeFileDurable(path, `${new TextDecoder().decode(key.getSeed())}\n`, { exclusive: true });
  return key;
}

/** Made, or read where they were made before. Throws ExhibitError for files that are no keys. */
export async function openIdentities(keys: string): Promise<Identities> {
  const operatorKey = await keyIn(join(keys, "operator.seed"), createOperator);
  const accountKey = await keyIn(join(keys, "account.seed"), createAccount);
  const systemKey = await keyIn(join(keys, "system.seed"), createAccount);
  const account = (name: string, key: KeyPair, storage: typeof STORAGE) =>
    encodeAccount(name, key, { limits: { ...UNLIMITED, ...storage } }, { signer: operatorKey });
  return {
    operator: await encodeOperator("exhibit", operatorKey, { system_account: systemKey.getPublicKey() }),
    account: { id: accountKey.getPublicKey(), token: await account("exhibit", accountKey, STORAGE) },
    system: { id: systemKey.getPublicKey(), token: await account("system", systemKey, NO_STORAGE) },
    user: async (name, permissions, expiresAtS) => {
      const key = createUser();
      const token = await encodeUser(
        name,
        key,
        accountKey,
        { ...permissions, bearer_token: false },
        expiresAtS === undefined ? {} : { exp: expiresAtS },
      );
      return new TextDecoder().decode(fmtCreds(token, key));
    },
  };
}
