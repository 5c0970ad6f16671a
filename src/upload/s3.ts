// An S3-compatible store: one key per file below one prefix of a bucket. What must stay true: a write-once key is never
// overwritten, also where the store itself cannot promise that; what was put is read back before it counts.
import { hostname } from "node:os";
import type { S3StoreSettings } from "../settings.ts";
import { assertSafeKey, keySegment } from "./keys.ts";
import { connectS3, naming, type S3Timeouts } from "./s3-client.ts";
import type { S3Place } from "./s3-errors.ts";
import { listObjects } from "./s3-list.ts";
import { getObject, headObject } from "./s3-objects.ts";
import { putGrowing, putMember, type S3Root } from "./s3-put.ts";
import { listPageOf, reading, readObjectRange } from "./s3-read.ts";
import { shareObject } from "./s3-share.ts";
import { tryOut } from "./s3-trial.ts";
import type { Member, Store, StoredObject, StoreTrial } from "./store.ts";

/** `s3://bucket/prefix` taken apart; the prefix has no slash at either end. */
export function parseS3Url(url: string): { readonly bucket: string; readonly prefix: string } {
  const [bucket = "", ...rest] = url.replace(/^s3:\/\//, "").split("/");
  return { bucket, prefix: rest.filter((segment) => segment !== "").join("/") };
}

interface Home extends S3Root {
  readonly place: S3Place;
}

function safe(key: string): string {
  assertSafeKey(key);
  return key;
}

/** Opens an S3 store; nothing is loaded or connected before the first request. Its errors are UploadErrors. */
export function openS3Store(
  name: string,
  settings: S3StoreSettings,
  timeouts: Partial<S3Timeouts> = {},
): Store {
  const homeAt = (url: string): Home => {
    const { bucket, prefix } = parseS3Url(url);
    const location = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
    const endpoint = settings.endpoint ?? "AWS";
    const place = { location, bucket, region: settings.region, endpoint };
    const at = { connection: connectS3(settings, place, timeouts), settings, bucket };
    return {
      place,
      at,
      endpoint,
      root: prefix === "" ? "" : `${prefix}/`,
      condition: { kept: undefined },
    };
  };
  const main = homeAt(settings.url);
  // What holds memory may have a place with fewer readers.
  const apart = settings.sensitiveUrl === null ? undefined : homeAt(settings.sensitiveUrl);
  const homes = apart ? [main, apart] : [main];
  const homeOf = ({ sensitivity }: Pick<Member, "sensitivity">) => (sensitivity === "core" && apart) || main;

  const homeHolding = async (key: string): Promise<Home> => {
    if (
      apart &&
      (await reading(apart.place, () => headObject(apart.at, apart.root + safe(key)))) !== undefined
    )
      return apart;
    return main;
  };

  return {
    name,
    type: "s3",
    location: main.place.location,
    url: (key) => `s3://${main.at.bucket}/${main.root}${safe(key)}`,
    put: async (member, options = {}) => {
      const home = homeOf(member);
      safe(member.key);
      return naming(home.place, () => putMember(home, member, options));
    },
    putGrowing: async (member, options = {}) => {
      const home = homeOf(member);
      safe(member.key);
      return naming(home.place, () => putGrowing(home, member, options));
    },
    get: async (key, limitBytes) => {
      for (const { place, at, root } of homes) {
        const found = await reading(place, () => getObject(at, root + safe(key), limitBytes));
        if (found) return found;
      }
      return undefined;
    },
    list: async (below) => {
      const found: StoredObject[] = [];
      for (const { place, at, root } of homes)
        found.push(...(await reading(place, () => listObjects(at, root, below))));
      return found;
    },
    readRange: async (key, range, signal) => {
      for (const { place, at, root } of homes) {
        const found = await reading(place, () => readObjectRange(at, root + safe(key), { range, signal }));
        if (found) return found;
      }
      return undefined;
    },
    listPage: (below, after) => listPageOf(homes, { prefix: below, after }),
    share: async (key, options) => {
      const { place, at, root } = await homeHolding(key);
      return reading(place, () => shareObject(at, root + safe(key), options));
    },
    check: async () => {
      const trials: StoreTrial[] = [];
      for (const { place, at, root } of homes)
        trials.push(await naming(place, () => tryOut(at, `${root}exhibit-check/${keySegment(hostname())}`)));
      const proven = trials[0]?.proven ?? [];
      return {
        proven: proven.filter((what) => trials.every((trial) => trial.proven.includes(what))),
        missing: trials.flatMap(({ missing }) => missing),
      };
    },
  };
}
