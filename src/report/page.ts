// report.html: one page for people inside every bundle. No script, nothing fetched, everything computed from the manifest and the
// parsed evidence; a policy in the page itself forbids the browser to do more (Content-Security-Policy Level 3, 3.3).
import type { Outcome } from "../bundle/after-seal.ts";
import type { Manifest } from "../bundle/manifest.ts";
import { originMs } from "../bundle/origin.ts";
import { subjectOf } from "../bundle/subject.ts";
import { formatCommand, formatInstant } from "../incident/wording.ts";
import { printable } from "../printable.ts";
import type { Evidence } from "../readings/evidence.ts";
import { beforeAfter } from "./before-after.ts";
import { collectionsCard } from "./collections.ts";
import { cpuCard } from "./cpu.ts";
import { descriptorsCard } from "./descriptors.ts";
import { html, pageText, type Markup } from "./markup.ts";
import { memoryCard } from "./memory.ts";
import { howToOpen } from "./opening.ts";
import { pressureCard } from "./pressure.ts";
import { recordedCard } from "./recorded.ts";
import { requestsCard } from "./requests.ts";
import { socketsCard } from "./sockets.ts";
import { standsOut } from "./stands-out.ts";
import { STYLE } from "./style.ts";
import { collectorTable, fileTable, gaps } from "./tables.ts";
import { tiles } from "./tiles.ts";
import { timeline } from "./timeline.ts";

export interface ReportExtras {
  readonly outcome?: Outcome;
  /** The parsed evidence; without it the page has no charts. */
  readonly evidence?: Evidence;
  /** Hides secrets in names that evidence holds which was read before it was masked. */
  readonly mask?: (text: string) => string;
}

/** No name is longer in a chart. */
const NAME_LIMIT = 160;
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

function title(manifest: Manifest): string {
  return `${subjectOf(manifest)} on ${manifest.host.hostname}`;
}

function header(manifest: Manifest): Markup {
  const { target, operator, reason, incidents, mitigation } = manifest;
  const runtime = [target?.runtime.name, target?.runtime.version]
    .filter((part) => part !== undefined)
    .join(" ");
  const which = target && html` <small>pid ${target.pid} · ${runtime}</small>`;
  const who = operator.sudoUser ?? operator.user;
  const before =
    mitigation &&
    html`<p>
      Taken ${manifest.phase === "after" ? "after" : "before"} <code>${formatCommand(mitigation.argv)}</code>
    </p>`;
  return html`<header>
    <div>
      <h1>${title(manifest)}${which}</h1>
      <p>
        ${reason === undefined ? "" : `“${reason}” — `}${who}${incidents.length === 0 ? "" : `, for ${incidents.join(", ")}`}
      </p>
      ${before}
    </div>
    <div>
      <p class="mono">${manifest.captureId}</p>
      <p class="muted">${formatInstant(manifest.startedAt)} to ${formatInstant(manifest.finishedAt)}</p>
    </div>
  </header>`;
}

/** Two cards side by side where there is room. */
function pair(...cards: readonly (Markup | undefined)[]): Markup {
  return html`<div class="pair">${cards.filter((card) => card !== undefined)}</div>`;
}

/** The charts of the evidence; nothing where there is none. */
function charts(manifest: Manifest, extras: ReportExtras): Markup {
  const { evidence } = extras;
  if (evidence === undefined) return html``;
  const mask = (text: string) => printable(extras.mask?.(text) ?? text, NAME_LIMIT);
  const beganAtMs = originMs(manifest);
  const { cpus, memoryBytes } = manifest.host;
  const { runtime, threads, sockets, descriptors, usage } = evidence;
  const record = manifest.collectors.find(({ name }) => name === "runtime");
  return html`${recordedCard(evidence.recorded, { beganAtMs, mask })}
  ${pair(cpuCard(threads, { beganAtMs, mask }), collectionsCard(runtime, { record, beganAtMs }))}
  ${requestsCard(runtime, mask)} ${pair(socketsCard(sockets), descriptorsCard(descriptors, usage))}
  ${pair(memoryCard(evidence, memoryBytes), pressureCard(evidence, { cpus, mask }))}`;
}

function footer({ tool, profile, operator, host, clock, incidents, store }: Manifest): Markup {
  const offset =
    clock.offsetMs === undefined ? "clock offset not known" : `clock offset ${clock.offsetMs} ms`;
  const boot = host.bootedAt === undefined ? "" : ` · booted ${formatInstant(host.bootedAt)}`;
  return html`<footer>
    <p>
      exhibit ${tool.version} · settings
      ${tool.settingsDigest.slice(0, 12)}${profile === undefined ? "" : ` · profile ${profile}`} · operator
      ${operator.user} on ${operator.host} · ${host.os}, ${host.kernel}${boot} ·
      ${offset}${store === undefined ? "" : ` · store ${store}`}${incidents.length === 0 ? "" : ` · ${incidents.join(", ")}`}.
      May hold customer data.
    </p>
  </footer>`;
}

/**
 * The page as text. Nothing in the manifest or the evidence can become markup; the outcome, when it is known, marks the
 * timeline. It does not grow with the evidence: every list has an end.
 */
export function renderReport(manifest: Manifest, extras: ReportExtras = {}): string {
  return pageText(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width" />
          <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
          <title>${title(manifest)} · ${manifest.captureId}</title>
          ${STYLE}
        </head>
        <body>
          ${header(manifest)}
          <main>
            ${tiles(manifest, extras.evidence)}${standsOut(manifest)}${beforeAfter(manifest)}${charts(manifest, extras)}${timeline(manifest, extras.outcome)}${collectorTable(manifest)}
            ${fileTable(manifest)} ${pair(gaps(manifest), howToOpen(manifest))}
          </main>
          ${footer(manifest)}
        </body>
      </html> `,
  );
}
