// What bundles a store holds, found with as few requests as can be. A page of a listing holds a thousand keys, which is
// some thirty bundles: reading page after page costs less than asking folder by folder, as long as whatever cannot be
// meant is jumped over at the end of a page. Memory is that of one page and one bundle.
import { CaptureId } from "../bundle/manifest.ts";
import { CAPTURE_FILE, MANIFEST_FILE } from "../bundle/layout.ts";
import { bundlePrefix, keySegment } from "./keys.ts";
import type { Store, StoredObject } from "./store.ts";

/** A bundle as the listing of a store shows it. */
export interface StoredBundle {
  readonly captureId: string;
  /** `v1/{incident or "none"}/{host}/{captureId}` */
  readonly prefix: string;
  /** As it is in the key; undefined when there was none. */
  readonly incident: string | undefined;
  readonly host: string;
  readonly hasManifest: boolean;
  readonly hasCapture: boolean;
  readonly files: number;
  readonly bytes: number;
  /** When the last of its files was stored; of a whole bundle, its manifest. */
  readonly storedAt: string;
}

export interface BundleFilter {
  /** The first incident of a bundle, as it was given. */
  readonly incident?: string;
  /** A host's whole name, or what of it is before the first dot. */
  readonly host?: string;
  /** Ids begin with their start in UTC: `20261122T031207Z`. Both ends count. */
  readonly from?: string;
  readonly to?: string;
  /** Not how many files and bytes there are: what belongs to one bundle is not read to its end. */
  readonly idsOnly?: boolean;
}

/** Comes after every character that a key may hold. */
const LAST = "~";

/** Every bundle of a store that the filter lets through, in the order of the keys. */
export async function* listBundles(store: Store, filter: BundleFilter = {}): AsyncGenerator<StoredBundle> {
  const prefix = filter.incident === undefined ? "v1/" : incidentPrefix(filter.incident);
  let bundle: StoredBundle | undefined;
  for (let after = "", isLast = false; !isLast;) {
    const page = await store.listPage(prefix, after);
    for (const object of page.objects) {
      const place = placeOf(object.key);
      if (place === undefined || !isMeant(place, filter)) continue;
      if (bundle && bundle.prefix !== place.prefix) yield bundle;
      bundle = count(bundle?.prefix === place.prefix ? bundle : undefined, place, object);
    }
    const last = page.objects.at(-1)?.key ?? after;
    const next = jump(last, filter);
    // Never back: a listing that repeats itself has no end.
    after = next > last ? next : last;
    isLast = page.isLast || page.objects.length === 0;
  }
  if (bundle) yield bundle;
}

/** `v1/INC-4211/`. Host and id do not matter: only what comes before them. */
function incidentPrefix(incident: string): string {
  return bundlePrefix({ incident, host: "h", captureId: "c" }).replace(/h\/c$/, "");
}

interface Place {
  readonly prefix: string;
  readonly incident: string;
  readonly host: string;
  readonly captureId: string;
  /** Path in the bundle. */
  readonly path: string;
}

/** Undefined for what is no file of a bundle. */
function placeOf(key: string): Place | undefined {
  const [, incident = "", host = "", captureId = "", ...path] = key.split("/");
  if (path.length === 0 || !CaptureId.safeParse(captureId).success) return undefined;
  return { prefix: `v1/${incident}/${host}/${captureId}`, incident, host, captureId, path: path.join("/") };
}

function isMeant({ host, captureId }: Place, filter: BundleFilter): boolean {
  if (filter.host !== undefined && !isHost(host, keySegment(filter.host))) return false;
  if (filter.from !== undefined && captureId < filter.from) return false;
  return filter.to === undefined || captureId < filter.to + LAST;
}

function isHost(segment: string, asked: string): boolean {
  return segment === asked || segment.split(".")[0] === asked;
}

/** The last key up to which nothing more can be meant. */
function jump(last: string, filter: BundleFilter): string {
  const place = placeOf(last);
  if (place === undefined) return last;
  const { incident, host, captureId, prefix } = place;
  const wanted = filter.host === undefined ? undefined : keySegment(filter.host);
  if (wanted !== undefined && !isHost(host, wanted)) {
    if (host.startsWith(wanted)) return `v1/${incident}/${host}/${LAST}`;
    // With its slash, as keys are ordered: `cn1.example/` comes before `cn1/`.
    return `${host}/` < wanted ? `v1/${incident}/${wanted}` : `v1/${incident}/${LAST}`;
  }
  if (filter.from !== undefined && captureId < filter.from) return `v1/${incident}/${host}/${filter.from}`;
  if (filter.to !== undefined && captureId >= filter.to + LAST) return `v1/${incident}/${host}/${LAST}`;
  return filter.idsOnly === true ? `${prefix}/${LAST}` : last;
}

function count(before: StoredBundle | undefined, place: Place, object: StoredObject): StoredBundle {
  const { captureId, prefix, host, incident, path } = place;
  const isManifest = path === MANIFEST_FILE;
  const isLater = before === undefined || object.modifiedAt > before.storedAt;
  return {
    captureId,
    prefix,
    host,
    incident: incident === "none" ? undefined : incident,
    hasManifest: isManifest || before?.hasManifest === true,
    hasCapture: path === CAPTURE_FILE || before?.hasCapture === true,
    files: (before?.files ?? 0) + 1,
    bytes: (before?.bytes ?? 0) + object.bytes,
    storedAt:
      isManifest || (isLater && before?.hasManifest !== true) ? object.modifiedAt : (before?.storedAt ?? ""),
  };
}
