import type { Parts } from "./install.ts";
import type { Message, ObservedRequest, Tools } from "./tools.ts";

/** Requests served and made, through diagnostics_channel. Query strings are cut off here: they never leave the target. */
export function watchRequests(
  { channels, net, now, options, process, toUnix, fault }: Tools,
  parts: Pick<Parts, "countRequests" | "routeTemplate">,
) {
  const { routeTemplate } = parts;
  const { record, drain, counts } = parts.countRequests({ options, toUnix });
  interface InFlight {
    readonly at: number;
    readonly kind: string;
  }
  const MOST_IN_FLIGHT = 20_000;
  const inFlight = new Map<ObservedRequest, InFlight>();
  let untimed = 0;
  let startedBefore = 0;
  let aborted = 0;
  let isStopped = false;

  const text = (value: unknown, limit: number) => (typeof value === "string" ? value.slice(0, limit) : "");
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
        ? routeTemplate(request.originalUrl ?? request.url)
        : text(text(request.baseUrl, 200) + path, 200);
      const status = response?.statusCode;
      const outcome = typeof status === "number" ? status : "";
      const endedAt = now();
      const method = text(request.method, 20);
      record({ kind: "server", method, route, isDerived, outcome, peer: "" }, endedAt, endedAt - began.at);
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
        kind: "client",
        method: text(request.method, 20),
        route: routeTemplate(request.path),
        isDerived: true,
        outcome,
        peer,
      };
      const endedAt = now();
      record(what, endedAt, endedAt - began.at);
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
      return drain();
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
          route: routeTemplate(request.originalUrl ?? request.url ?? request.path),
          age_ms: now() - at,
        }));
      const result = {
        counts: counts(),
        inFlight: waiting,
        inFlightCount: inFlight.size,
        olderInFlight: olderInFlight(),
        startedBefore,
        aborted,
        untimed,
      };
      inFlight.clear();
      return result;
    },
  };
}
