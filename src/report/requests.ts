// Requests by route, each from its median to its 99th percentile on one logarithmic scale.
import type { RouteLatency } from "../readings/evidence/routes.ts";
import type { RuntimeEvidence } from "../readings/evidence/runtime-evidence.ts";
import { round } from "./bars.ts";
import { html, type Markup } from "./markup.ts";

const MOST_ROUTES = 12;
/** The scale: 1 ms to 100 s, a fifth of the width for each power of ten. */
const POWERS = 5;
const WIDTH = 1000;

function x(ms: number): number {
  return round((Math.min(POWERS, Math.max(0, Math.log10(Math.max(ms, 0.001)))) / POWERS) * WIDTH);
}

/** `0.4 ms`, `12 ms`, `3.2 s`. */
export function latencyText(ms: number | undefined): string {
  if (ms === undefined) return "–";
  if (ms >= 1000) return `${round(ms / 1000)} s`;
  return `${ms < 10 ? round(ms) : Math.round(ms)} ms`;
}

function range({ p50Ms, p99Ms, meanMs, maxMs }: RouteLatency): Markup {
  const [from, to] = [x(p50Ms ?? meanMs), x(p99Ms ?? maxMs)];
  const lines = Array.from({ length: POWERS - 1 }, (_, power) => (WIDTH * (power + 1)) / POWERS);
  return html`<svg
    viewBox="0 0 ${WIDTH} 12"
    preserveAspectRatio="none"
    role="img"
    aria-label="median ${latencyText(p50Ms)}, 99 of 100 within ${latencyText(p99Ms)}, the longest ${latencyText(maxMs)}"
  >
    <rect x="0" y="0" width="${WIDTH}" height="12" fill="var(--track)" />
    ${lines.map((at) => html`<rect x="${at}" y="0" width="2" height="12" fill="var(--line)" />`)}
    <rect x="${from}" y="2" width="${round(Math.max(to - from, 6))}" height="8" fill="var(--blue)" />
    <rect x="${round(Math.min(x(maxMs), WIDTH - 4))}" y="0" width="4" height="12" fill="var(--red)" />
  </svg>`;
}

function row(route: RouteLatency, mask: (text: string) => string): Markup {
  const { outcome, peer, name, count, p50Ms, p95Ms, p99Ms, maxMs } = route;
  const to = peer === undefined ? "" : ` to ${peer}`;
  const failed = outcome !== undefined && !/^[1-4]\d\d$/.test(outcome);
  return html`<tr>
    <th scope="row">${mask(name)}<small>${mask(to)}</small></th>
    <td class="${failed ? "bad" : ""}">${mask(outcome ?? "–")}</td>
    <td class="number">${count}</td>
    <td class="bar">${range(route)}</td>
    <td class="number">${latencyText(p50Ms)}</td>
    <td class="number">${latencyText(p95Ms)}</td>
    <td class="number">${latencyText(p99Ms)}</td>
    <td class="number">${latencyText(maxMs)}</td>
  </tr>`;
}

function table(
  title: string,
  routes: readonly RouteLatency[],
  mask: (text: string) => string,
): Markup | undefined {
  if (routes.length === 0) return undefined;
  const rest = routes.slice(MOST_ROUTES);
  const others = rest.reduce((sum, { count }) => sum + count, 0);
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0">
      <table class="routes">
        <tr>
          <th scope="col">${title}</th>
          <th scope="col">ended</th>
          <th scope="col" class="number">count</th>
          <th scope="col" class="bar">1 ms to 100 s</th>
          <th scope="col" class="number">p50</th>
          <th scope="col" class="number">p95</th>
          <th scope="col" class="number">p99</th>
          <th scope="col" class="number">max</th>
        </tr>
        ${routes.slice(0, MOST_ROUTES).map((route) => row(route, mask))}
      </table>
    </div>
    ${rest.length === 0 ? undefined : html`<p class="muted">${rest.length} others with ${others} requests</p>`}`;
}

/** Undefined when nobody counted requests. */
export function requestsCard(
  runtime: RuntimeEvidence | undefined,
  mask: (text: string) => string,
): Markup | undefined {
  if (runtime?.requests === undefined) return undefined;
  const { routes, inFlight, windowMs } = runtime;
  const of = (kind: string) => routes.filter((route) => route.kind === kind);
  const open = inFlight?.value;
  const oldest =
    open?.oldest === undefined
      ? ""
      : `, the oldest for ${latencyText(open.oldest.ageMs)}: ${mask(open.oldest.name)}`;
  const waiting = open && html`<p>${open.count} in flight at the end${oldest}.</p>`;
  return html`<div class="card">
    <h2>
      Requests by route and latency
      <small>${runtime.requests.value.count} answered in ${round(windowMs / 1000)} s; red: the longest</small>
    </h2>
    ${table("asked of it", of("server"), mask)}${table("asked by it", of("client"), mask)}${waiting}
  </div>`;
}
