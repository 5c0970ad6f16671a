// How requests are named in the files of the runtime collector: in the words of OpenTelemetry's semantic conventions.
import type { RouteCount } from "./observed.ts";

/** Only what the framework said is a route; what we made of the path is a template (OpenTelemetry, http.route). */
export function routeNames({ route, isDerived }: Pick<RouteCount, "route" | "isDerived">) {
  return isDerived ? { "url.template": route, derived: true } : { "http.route": route };
}

export function outcomeNames(outcome: RouteCount["outcome"]) {
  if (typeof outcome === "string") return outcome === "" ? {} : { "error.type": outcome };
  const error = outcome >= 500 ? { "error.type": String(outcome) } : {};
  return { "http.response.status_code": outcome, ...error };
}

export function peerNames(peer: string) {
  if (peer === "") return {};
  const port = /:(\d{1,5})$/.exec(peer)?.[1];
  return port === undefined
    ? { "server.address": peer }
    : { "server.address": peer.slice(0, -port.length - 1), "server.port": Number(port) };
}

export const round = (value: number) => Math.round(value * 1000) / 1000;
