// The requests of a Node process by route, as the runtime collector counted them.
import { z } from "zod";

export interface SlowRoute {
  readonly name: string;
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
}

/** The requests of one route that ended in one way, as they were counted in the window. */
export interface RouteLatency {
  /** `server`: asked of the process. `client`: what it asked of others. */
  readonly kind: string;
  readonly name: string;
  /** A status code, or why there is none. */
  readonly outcome: string | undefined;
  /** Whom a client asked: `10.0.0.1:5432`. */
  readonly peer: string | undefined;
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number;
}

const Ms = z.number().nonnegative();
export const Route = z.object({
  kind: z.string(),
  "http.request.method": z.string(),
  "http.route": z.string().optional(),
  "url.template": z.string().optional(),
  count: z.number(),
  mean_ms: Ms,
  max_ms: Ms,
  p50_ms: Ms.optional(),
  p95_ms: Ms.optional(),
  p99_ms: Ms.optional(),
  "http.response.status_code": z.number().optional(),
  "error.type": z.string().optional(),
  "server.address": z.string().optional(),
  "server.port": z.number().optional(),
});
export type Route = z.output<typeof Route>;

function routeName({ "http.request.method": method, ...names }: Route): string {
  const { "http.route": route, "url.template": template } = names;
  return `${method} ${route ?? `${template ?? ""} (by its path)`}`.trim();
}

export function latencyOf(route: Route): RouteLatency {
  const { "http.response.status_code": status, "error.type": error, ...rest } = route;
  const { "server.address": address, "server.port": port } = rest;
  return {
    kind: route.kind,
    name: routeName(route),
    outcome: status === undefined ? error : String(status),
    peer: address === undefined || port === undefined ? address : `${address}:${port}`,
    count: route.count,
    meanMs: route.mean_ms,
    p50Ms: route.p50_ms,
    p95Ms: route.p95_ms,
    p99Ms: route.p99_ms,
    maxMs: route.max_ms,
  };
}

/** By the time spent on it in all: the slowest route that is called once a day explains nothing. */
export function slowestOf(routes: readonly Route[]): SlowRoute | undefined {
  const worst = routes.toSorted((a, b) => b.count * b.mean_ms - a.count * a.mean_ms)[0];
  if (worst === undefined) return undefined;
  return { name: routeName(worst), count: worst.count, meanMs: worst.mean_ms, maxMs: worst.max_ms };
}
