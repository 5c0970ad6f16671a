// Finding one bundle in the stores by what a person has: an address from a note, an id or a part of one, a path in the
// store. What must stay true: an address or a receipt costs no request at all; an id costs the listing, but no more of it
// than could hold the id.
import { readdir } from "node:fs/promises";
import { CaptureId } from "../bundle/manifest.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import { isSafeKey } from "./keys.ts";
import { lookAtReceipt } from "./receipt.ts";
import type { StoredRef } from "./stored-bundle.ts";
import { listBundles } from "./stored-bundles.ts";
import type { Store } from "./store.ts";

/** How many of those that could be meant are named. */
const NAMED = 4;

/** `v1/INC-4211/cn14/{id}`, or a file below it, as what it names; undefined when it is nothing of the kind. */
export function parsePrefix(text: string): Pick<StoredRef, "prefix" | "captureId"> | undefined {
  const [version, incident = "", host = "", captureId = ""] = text.replace(/^\/+/, "").split("/");
  const prefix = [version, incident, host, captureId].join("/");
  if (version !== "v1" || !CaptureId.safeParse(captureId).success || !isSafeKey(prefix)) return undefined;
  return { prefix, captureId };
}

/** The bundle of an id, of its unique beginning or end, or `last`. Throws UsageError when none or several are. */
export async function findStored(store: Store, asked: string): Promise<StoredRef> {
  const found: StoredRef[] = [];
  for await (const { captureId, prefix } of listBundles(store, { ...boundsOf(asked), idsOnly: true })) {
    if (!isNamed(captureId, asked)) continue;
    // The newest alone is remembered: memory does not grow with the store.
    if (asked === "last" && (found[0]?.captureId ?? "") < captureId) found.length = 0;
    if (asked !== "last" || found.length === 0) found.push({ store, prefix, captureId });
    // An id is there once.
    if (captureId === asked) break;
  }
  const [first] = found;
  if (first === undefined)
    throw new UsageError(`no bundle ${printable(asked)} in ${printable(store.location, 300)}`, {
      hint: "exhibit ls --store lists them",
    });
  if (found.length > 1)
    throw new UsageError(`${printable(asked)} could be any of ${found.length} bundles`, {
      hint: `${found
        .slice(0, NAMED)
        .map(({ captureId }) => captureId)
        .join("\n  ")}${found.length > NAMED ? "\n  …" : ""}`,
    });
  return first;
}

/** Ids begin with their start: what begins with a year bounds the listing. */
function boundsOf(asked: string): { readonly from?: string; readonly to?: string } {
  return /^\d{4}/.test(asked) && !/^[0-9a-f]{6}$/.test(asked) ? { from: asked, to: asked } : {};
}

function isNamed(captureId: string, asked: string): boolean {
  if (asked === "last") return true;
  return asked !== "" && (captureId.startsWith(asked) || captureId.endsWith(asked));
}

/** Where a bundle that was sent from this host is, as its receipts say; of several of them none. Never throws. */
export async function uploadsOf(
  spool: string,
  asked: string,
): Promise<readonly { readonly store: string; readonly url: string }[]> {
  const names = await readdir(spool).catch((): string[] => []);
  const ids = names
    .flatMap((name) => /^(.+)\.receipt\.json$/.exec(name)?.[1] ?? [])
    .filter((id) => CaptureId.safeParse(id).success && asked !== "last" && isNamed(id, asked));
  const [id] = ids.includes(asked) ? [asked] : ids;
  if (id === undefined || (ids.length > 1 && id !== asked)) return [];
  const receipt = await lookAtReceipt(spool, id);
  return receipt.state === "read" ? receipt.value.uploads : [];
}
