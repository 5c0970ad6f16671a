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
  const counts = new Map<string, Count>();
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
    const end = url.search(/[?#]/);
    return end < 0 ? url : url.slice(0, end);
  };
  /** `/users/17/photo` is `/users/{id}/photo`. */
  const template = (value: unknown) => {
    const path = pathOf(value);
    if (path.length > 200) return "{long}";
    return path.replace(
      /\/(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|[^/]{33,}|[^/]*[@%=;][^/]*)(?=\/|$)/gi,
      "/{id}",
    );
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
  const record = (
    kind: string,
    what: { method: string; route: string; isDerived: boolean; outcome: Outcome; peer: string },
    ms: number,
  ) => {
    const { method, route, isDerived, outcome, peer } = what;
    let key = `${kind} ${method} ${route} ${outcome} ${peer}`;
    let count = counts.get(key);
    if (count === undefined) {
      if (counts.size >= options.mostRoutes) {
        key = `${kind} other`;
        count = counts.get(key) ?? open(kind, "{other}", true);
      } else count = { ...open(kind, route, isDerived), method, outcome, peer };
      counts.set(key, count);
    }
    count.count++;
    count.sum += ms;
    if (ms < count.min) count.min = ms;
    if (ms > count.max) count.max = ms;
    const at = bucketOf(ms * 1000);
    count.buckets[at] = (count.buckets[at] ?? 0) + 1;
    if (events.length < options.mostEvents)
      events.push([toUnix(now()), kind, method, route, isDerived, outcome, ms, peer]);
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
      record(
        "server",
        { method: text(request.method, 20), route, isDerived, outcome, peer: "" },
        now() - began.at,
      );
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
      record("client", what, now() - began.at);
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
        counts: [...counts.values()].map((count) => ({
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
