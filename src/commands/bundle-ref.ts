// Which bundle a person means, and where it is: in a folder, in the spool of this host, or in a store. What is here goes
// first; a receipt, an address or a path in a store costs no request; an id that is nowhere else costs a listing.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { LoadedSettings } from "../settings-files.ts";
import { findStored, parsePrefix, uploadsOf } from "../upload/find-stored.ts";
import { idOfLink } from "../upload/link.ts";
import { openStore } from "../upload/open-store.ts";
import type { SpoolEntry } from "../upload/spool.ts";
import type { StoredRef } from "../upload/stored-bundle.ts";
import type { Store } from "../upload/store.ts";
import { openDestination, recover, storeName } from "./destination.ts";
import { findEntry, isFolderName, NotInSpoolError } from "./spool-entry.ts";

export type FoundBundle =
  | { readonly kind: "local"; readonly entry: SpoolEntry }
  | { readonly kind: "stored"; readonly ref: StoredRef };

/** `--store NAME`, `--store` for the default, or none. */
export type StoreFlag = string | true | undefined;

/** Looks here first, unless `store` or the word itself says that a store is meant. Throws UsageError. */
export async function findBundle(
  asked: string,
  loaded: LoadedSettings,
  store: StoreFlag,
): Promise<FoundBundle> {
  const word = idOfLink(loaded.settings.link.base, asked) ?? asked;
  const isStored = store !== undefined || word.startsWith("s3://") || (await isStorePath(word));
  if (isStored) return { kind: "stored", ref: await findInStores(word, loaded, store) };
  await recover(loaded, await openDestination({ to: undefined, noUpload: false }, loaded));
  const { path: spool } = loaded.settings.spool;
  try {
    return { kind: "local", entry: await findEntry(spool, word) };
  } catch (error) {
    if (!(error instanceof NotInSpoolError) || word === "" || word === "last") throw error;
    return { kind: "stored", ref: await findInStores(word, loaded, undefined).catch(nowhere(word, spool)) };
  }
}

/** The bundle in a store, also when it is on this host as well. Throws UsageError. */
export async function findInStores(
  asked: string,
  loaded: LoadedSettings,
  flag: StoreFlag,
): Promise<StoredRef> {
  const word = idOfLink(loaded.settings.link.base, asked) ?? asked;
  if (word.startsWith("s3://")) return atUrl(word, loaded, flag);
  if (flag === undefined)
    for (const { store, url } of await uploadsOf(loaded.settings.spool.path, word)) {
      const sent = await sentTo(store, url, loaded);
      if (sent) return sent;
    }
  const store = await openNamed(flag === true ? undefined : flag, loaded);
  const place = parsePrefix(word);
  if (place) return { store, ...place };
  if (isFolderName(word))
    throw new UsageError(`${printable(word)}: no path of a bundle in a store`, {
      hint: "such a path is v1/INCIDENT/HOST/ID",
    });
  return findStored(store, word);
}

/** `v1/...` is a folder when there is one of this name here. */
async function isStorePath(word: string): Promise<boolean> {
  if (parsePrefix(word) === undefined || word.startsWith("/")) return false;
  return (await stat(resolve(word)).catch(() => undefined)) === undefined;
}

function nowhere(word: string, spool: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof UsageError) || !error.message.startsWith("no bundle")) throw error;
    throw new UsageError(
      `no bundle ${printable(word)} in ${spool}, nor ${error.message.replace(/^no .* in /, "in ")}`,
      {
        hint: "exhibit ls lists those here, exhibit ls --store those in a store; a folder is written with a slash",
      },
    );
  };
}

async function openNamed(name: string | undefined, loaded: LoadedSettings): Promise<Store> {
  const known = storeName({ to: name }, loaded);
  const chosen = loaded.settings.store[known];
  // `storeName` has looked.
  if (!chosen) throw new UsageError(`no store is called ${known}`);
  return openStore(known, chosen);
}

/** What a receipt says; undefined when the settings have this store no more, or elsewhere. */
async function sentTo(name: string, url: string, loaded: LoadedSettings): Promise<StoredRef | undefined> {
  const settings = loaded.settings.store[name];
  if (!settings) return undefined;
  return below(await openStore(name, settings), url);
}

function below(store: Store, url: string): StoredRef | undefined {
  if (!url.startsWith(`${store.location}/`)) return undefined;
  const place = parsePrefix(url.slice(store.location.length));
  return place && { store, ...place };
}

/** An address from a note. The store of the settings that holds it is needed: it has the credentials and the endpoint. */
async function atUrl(url: string, loaded: LoadedSettings, flag: StoreFlag): Promise<StoredRef> {
  for (const [name, settings] of Object.entries(loaded.settings.store)) {
    if (typeof flag === "string" && name !== flag) continue;
    const found = settings.type === "s3" ? below(await openStore(name, settings), url) : undefined;
    if (found) return found;
  }
  throw new UsageError(`${printable(url, 300)}: no bundle in any store of the settings`, {
    hint: `the settings name: ${Object.entries(loaded.settings.store)
      .map(([name, one]) => `${name} (${one.type === "s3" ? one.url : one.path})`)
      .join(", ")}`,
  });
}
