import type { StoreSettings } from "../settings.ts";
import type { Store } from "./store.ts";

/** Opens a store of the settings by its kind; nothing is touched or connected yet. */
export async function openStore(name: string, settings: StoreSettings): Promise<Store> {
  if (settings.type === "s3") return (await import("./s3.ts")).openS3Store(name, settings);
  return (await import("./directory.ts")).openDirectoryStore(name, settings);
}
