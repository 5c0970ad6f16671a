// report.html: one page for people inside every bundle. No script, nothing fetched, everything computed from the manifest;
// a policy in the page itself forbids the browser to do more (Content-Security-Policy Level 3, 3.3).
import type { Manifest, Outcome } from "../bundle/manifest.ts";
import { openedPath, openLines, verifyLine } from "../bundle/open-lines.ts";
import { subjectOf } from "../bundle/subject.ts";
import { formatBytes, formatCommand, formatDuration, formatInstant } from "../incident/wording.ts";
import { html, pageText, type Markup } from "./markup.ts";
import { STYLE } from "./style.ts";
import { collectorTable, duration, fileLink, fileTable, gaps } from "./tables.ts";
import { timeline } from "./timeline.ts";

export interface ReportExtras {
  readonly outcome?: Outcome;
}

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

function tiles({ collectors, files, made, pausedMs, state, stateReason, durationMs }: Manifest): Markup {
  const asked = collectors.filter((collector) => !collector.byChoice);
  const complete = asked.filter(({ status }) => status === "ok").length;
  return html`<div class="tiles">
    <div><b class="${state === "complete" ? "" : "bad"}">${state}</b>${stateReason ?? made ?? "capture"}</div>
    <div><b>${complete} of ${asked.length}</b>collectors complete, in ${formatDuration(durationMs)}</div>
    ${made === undefined ? html`<div><b>${duration(pausedMs)}</b>process stopped, in all</div>` : undefined}
    <div>
      <b>${formatBytes(files.reduce((sum, file) => sum + file.bytes, 0))}</b>in ${files.length} files of
      evidence
    </div>
  </div>`;
}

function readings({ readings: all, files, made }: Manifest): Markup {
  if (made !== undefined) return html``;
  if (all.length === 0) return html`<p class="muted">No reading stands out. The evidence is below.</p>`;
  const items = all.map(
    ({ text, line, file }) =>
      html`<li>
        <b>${text}</b>${line && html`<pre>${line}</pre>`}
        <div>from ${fileLink(file, files)}</div>
      </li>`,
  );
  return html`<h2>What stands out <small>readings of the raw data, not a diagnosis</small></h2>
    <ol class="readings">
      ${items}
    </ol>`;
}

function howToOpen({ captureId, files, target, signing }: Manifest): Markup {
  const executable = formatCommand([target?.executable ?? "EXECUTABLE"]);
  const memory = files.filter((file) => file.sensitivity === "core" && file.collector === "core");
  const lines = [
    `exhibit fetch ${captureId}`,
    `exhibit verify ${captureId}`,
    "sha256sum -c SHA256SUMS",
    ...(signing?.key === undefined ? [] : [verifyLine(signing.identity)]),
    ...openLines(files),
    ...memory.map((file) => `gdb ${executable} ${openedPath(file)}`),
  ];
  const signer =
    signing?.key !== undefined &&
    html`<p>To be signed as the last step by the key <code>${signing.key}</code>.</p>`;
  return html`<div class="card">
    <h2>How to open it</h2>
    ${lines.map((line) => html`<pre>${line}</pre>`)}${signer === false ? undefined : signer}
  </div>`;
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

/** The page as text. Nothing in the manifest can become markup; the outcome, when it is known, marks the timeline. */
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
          ${header(manifest)}${tiles(manifest)}${readings(manifest)}${timeline(manifest, extras.outcome)}${collectorTable(manifest)}
          ${fileTable(manifest)}${gaps(manifest)}${howToOpen(manifest)}${footer(manifest)}
        </body>
      </html> `,
  );
}
