// The lines of the runtime collector for Node, as they come. Names are those of OpenTelemetry's semantic conventions where there
// is one; units stand in the key, because OpenTelemetry wants seconds and people at night want milliseconds.
import { formatNhttpsnoop, type SnoopEvent } from "../../parsers/nhttpsnoop.ts";
import type { CollectorContext } from "../collector.ts";
import { outcomeNames, peerNames, round, routeNames } from "./node-names.ts";
import type { Drained } from "./observed.ts";

/** Requests told one by one in a capture: 14 MB of lines. All are counted. */
const MOST_LISTED = 60_000;

export interface NodeFiles {
  /** Tells requests and collections one by one, as they are drained. */
  readonly add: (drained: Pick<Drained, "requests" | "collections">) => Promise<void>;
  /** The same in nhttpsnoop's columns: for eyes, and for tickets that were written before. */
  readonly saveSnoop: () => Promise<void>;
  /** What was told one by one. */
  readonly told: () => Told;
}

export interface Told {
  readonly requests: readonly RequestEvent[];
  readonly collections: readonly Collection[];
  /** Requests that are in the counts alone. */
  readonly onlyCounted: number;
  readonly unlistedCollections: number;
}

export async function openNodeFiles({
  lines,
  save,
  target,
}: Pick<CollectorContext<unknown>, "lines" | "save" | "target">): Promise<NodeFiles> {
  const http = await lines("http.jsonl");
  const gc = await lines("gc.jsonl");
  const kept: { readonly requests: RequestEvent[]; readonly collections: Collection[] } = {
    requests: [],
    collections: [],
  };
  let onlyCounted = 0;
  let unlistedCollections = 0;
  return {
    add: async ({ requests, collections }) => {
      const events = requests.events.slice(0, Math.max(0, MOST_LISTED - kept.requests.length));
      onlyCounted += requests.unlisted + requests.events.length - events.length;
      unlistedCollections += collections.unlisted;
      for (const event of events) kept.requests.push(event);
      for (const collection of collections.collections) kept.collections.push(collection);
      await http.writeMany(events.map(requestLine));
      await gc.writeMany(collections.collections.map(collectionLine));
    },
    saveSnoop: () => save("nhttpsnoop.txt", formatNhttpsnoop(target.pid, snoopEvents(kept))),
    told: () => ({ ...kept, onlyCounted, unlistedCollections }),
  };
}

function snoopEvents({ requests, collections }: Pick<Told, "requests" | "collections">): SnoopEvent[] {
  return [
    ...requests.map(([time, kind, method, route, , , ms]) => ({
      time,
      probe: kind,
      ms,
      method,
      path: route,
    })),
    ...collections.map(([time, , ms]) => ({ time, probe: "gc" as const, ms, method: "-", path: "-" })),
  ];
}

type RequestEvent = Drained["requests"]["events"][number];
type Collection = Drained["collections"]["collections"][number];

function requestLine([time, kind, method, route, isDerived, outcome, ms, peer]: RequestEvent) {
  return {
    time_unix_ms: round(time),
    kind,
    "http.request.method": method,
    ...routeNames({ route, isDerived }),
    ...outcomeNames(outcome),
    ...peerNames(peer),
    duration_ms: round(ms),
  };
}

function collectionLine([time, type, ms, flags]: Collection) {
  return {
    time_unix_ms: round(time),
    "v8js.gc.type": type,
    duration_ms: round(ms),
    flags: flags ?? undefined,
  };
}
