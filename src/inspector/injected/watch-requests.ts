import type { Message, ObservedRequest, Tools } from "./tools.ts";

/** Requests served and made, through diagnostics_channel. Query strings are cut off here: they never leave the target. */
export function watchRequests({ channels, net, now, options, process, toUnix, fault }: Tools) {
  type Outcome = number | string;
  interface Count {
    readonly kind: string;
    readonly method: string;
    readonly route: string;
    /** The framework did not say it: made of the path. */
    readonly isDerived: boolean;
    readonly outcome: Outcome;
    readonly peer: string;
    count: number;
    sum: number;
    min: number;
    max: number;
    readonly buckets: Uint32Array;
  }
  // Sixteen buckets an octave of microseconds: each is 4.4 % wide, and 512 of them reach an hour.
  const log2 = Math.log2;
  const bucketOf = (us: number) => (us < 1 ? 0 : Math.min(511, (1 + log2(us) * 16) | 0));
  const MOST_IN_FLIGHT = 20_000;
  /** All that is more than `mostRoutes`. */
  const OTHER = "{other}";
  /** By route: a key of all that tells them apart would be made anew for every request. */
  const counts = new Map<string, Count[]>();
  let counted = 0;
  const inFlight = new Map<ObservedRequest, { readonly at: number; readonly kind: string }>();
  let events: unknown[] = [];
  let unlisted = 0;
  let untimed = 0;
  let startedBefore = 0;
  let aborted = 0;
  let isStopped = false;

  const text = (value: unknown, limit: number) => (typeof value === "string" ? value.slice(0, limit) : "");
  const pathOf = (value: unknown) => {
    const url = text(value, 2000);
    const query = url.indexOf("?");
    const path = query < 0 ? url : url.slice(0, query);
    const hash = path.indexOf("#");
    return hash < 0 ? path : path.slice(0, hash);
  };
  /** Digits, 12 or more of hexadecimal, more than 32 of anything, or with one of `@%=;` in it. */
  const isId = (path: string, from: number, to: number) => {
    const length = to - from;
    if (length === 0 || length > 32) return length > 0;
    let [isNumber, isHex] = [true, true];
    for (let at = from; at < to; at++) {
      const code = path.charCodeAt(at);
      if (code >= 0x30 && code <= 0x39) continue;
      isNumber = false;
      if (code === 0x40 || code === 0x25 || code === 0x3d || code === 0x3b) return true;
      const lower = code | 0x20;
      if (lower < 0x61 || lower > 0x66) isHex = false;
    }
    return isNumber || (isHex && length >= 12);
  };
  /** `/users/17/photo` is `/users/{id}/photo`. By hand: a regular expression takes four times as long. */
  const template = (value: unknown) => {
    const path = pathOf(value);
    if (path.length > 200) return "{long}";
    let made = "";
    let copied = 0;
    for (let slash = path.indexOf("/"); slash >= 0;) {
      const next = path.indexOf("/", slash + 1);
      const end = next < 0 ? path.length : next;
      if (isId(path, slash + 1, end)) {
        made += `${path.slice(copied, slash + 1)}{id}`;
        copied = end;
      }
      slash = next;
    }
    return copied === 0 ? path : made + path.slice(copied);
  };
  const open = (kind: string, route: string, isDerived: boolean): Count => ({
    kind,
    method: "",
    route,
    isDerived,
    outcome: "",
    peer: "",
    count: 0,
    sum: 0,
    min: Infinity,
    max: 0,
    buckets: new Uint32Array(512),
  });
  interface Answered {
    readonly method: string;
    readonly route: string;
    readonly isDerived: boolean;
    readonly outcome: Outcome;
    readonly peer: string;
  }
  const countOf = (kind: string, { method, route, isDerived, outcome, peer }: Answered): Count => {
    const same = counts.get(route);
    if (same !== undefined)
      for (const one of same)
        if (one.outcome === outcome && one.method === method && one.kind === kind && one.peer === peer)
          return one;
    if (counted >= options.mostRoutes && route !== OTHER)
      return countOf(kind, { method: "", route: OTHER, isDerived: true, outcome: "", peer: "" });
    const made = { ...open(kind, route, isDerived), method, outcome, peer };
    counted++;
    if (same === undefined) counts.set(route, [made]);
    else same.push(made);
    return made;
  };
  const record = (kind: string, what: Answered, began: number) => {
    const { method, route, isDerived, outcome, peer } = what;
    const ended = now();
    const ms = ended - began;
    const count = countOf(kind, what);
    count.count++;
    count.sum += ms;
    if (ms < count.min) count.min = ms;
    if (ms > count.max) count.max = ms;
    const at = bucketOf(ms * 1000);
    count.buckets[at] = (count.buckets[at] ?? 0) + 1;
    if (events.length < options.mostEvents)
      events.push([toUnix(ended), kind, method, route, isDerived, outcome, ms, peer]);
    else unlisted++;
  };
  const begin =
    (kind: string) =>
    ({ request }: Message) => {
      try {
        if (request === undefined || isStopped) return;
        if (inFlight.size < MOST_IN_FLIGHT) inFlight.set(request, { at: now(), kind });
        else untimed++;
      } catch {
        fault();
      }
    };
  const finishServer = ({ request, response }: Message) => {
    try {
      if (isStopped) return;
      const began = request && inFlight.get(request);
      if (request === undefined || began === undefined) {
        startedBefore++;
        return;
      }
      inFlight.delete(request);
      const path = request.route?.path;
      const isDerived = typeof path !== "string";
      const route = isDerived
        ? template(request.originalUrl ?? request.url)
        : text(text(request.baseUrl, 200) + path, 200);
      const status = response?.statusCode;
      const outcome = typeof status === "number" ? status : "";
      record("server", { method: text(request.method, 20), route, isDerived, outcome, peer: "" }, began.at);
    } catch {
      fault();
    }
  };
  const finishClient = ({ request, response, error }: Message) => {
    try {
      if (isStopped) return;
      const began = request && inFlight.get(request);
      if (request === undefined || began === undefined) return;
      inFlight.delete(request);
      const code = text(error?.code, 60) || "error";
      const outcome = typeof response?.statusCode === "number" ? response.statusCode : code;
      const remotePort = request.socket?.remotePort;
      const host = text(request.host, 200);
      const origin = text(request.origin, 200);
      const peer =
        origin === ""
          ? remotePort === undefined
            ? host
            : `${host}:${remotePort}`
          : origin.replace(/^.*@/, "");
      const what = {
        method: text(request.method, 20),
        route: template(request.path),
        isDerived: true,
        outcome,
        peer,
      };
      record("client", what, began.at);
    } catch {
      fault();
    }
  };
  const subscriptions: [string, (message: Message) => void][] = [
    ["http.server.request.start", begin("server")],
    ["http.server.response.finish", finishServer],
    ["http.client.request.start", begin("client")],
    ["http.client.response.finish", finishClient],
    ["http.client.request.error", finishClient],
    ["undici:request:create", begin("client")],
    ["undici:request:headers", finishClient],
    ["undici:request:error", finishClient],
  ];
  let isSubscribed = false;

  /** Requests whose connection went away never finish. */
  const forgetAborted = () => {
    for (const [request, { at }] of inFlight)
      if (request.socket?.destroyed === true && now() - at > 1000) {
        inFlight.delete(request);
        aborted++;
      }
  };
  /** Requests that began before us: a server's socket holds the response it works on. */
  const olderInFlight = () => {
    let older = 0;
    try {
      const handles = process._getActiveHandles();
      if (handles.length > 20_000) return undefined;
      for (const handle of handles) {
        if (!(handle instanceof net.Socket)) continue;
        const message = handle._httpMessage;
        if (message?.req === undefined || message.statusCode === undefined || message.writableFinished)
          continue;
        if (!inFlight.has(message.req)) older++;
      }
      return older;
    } catch {
      return undefined;
    }
  };
  return {
    drain: () => {
      forgetAborted();
      const drained = { events, unlisted };
      events = [];
      unlisted = 0;
      return drained;
    },
    /** Only between two turns of the event loop: see install. */
    subscribe: () => {
      if (isStopped) return;
      isSubscribed = true;
      for (const [name, hook] of subscriptions) channels.subscribe(name, hook);
    },
    /** Takes every hook out; the same holds. */
    unsubscribe: () => {
      if (!isSubscribed) return;
      isSubscribed = false;
      for (const [name, hook] of subscriptions) channels.unsubscribe(name, hook);
    },
    /** Gives the final counts; the hooks do nothing any more. */
    stop: () => {
      isStopped = true;
      const waiting = [...inFlight]
        .sort((a, b) => a[1].at - b[1].at)
        .slice(0, 100)
        .map(([request, { at, kind }]) => ({
          kind,
          method: text(request.method, 20),
          route: template(request.originalUrl ?? request.url ?? request.path),
          age_ms: now() - at,
        }));
      const result = {
        counts: [...counts.values()].flat().map((count) => ({
          ...count,
          buckets: [...count.buckets.entries()].filter(([, value]) => value > 0),
        })),
        inFlight: waiting,
        inFlightCount: inFlight.size,
        olderInFlight: olderInFlight(),
        startedBefore,
        aborted,
        untimed,
      };
      counts.clear();
      inFlight.clear();
      return result;
    },
  };
}
