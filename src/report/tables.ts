// The tables of the page: collectors, files, and what is not there.
import type { CollectorRecord, FileRecord, Manifest } from "../bundle/manifest.ts";
import { formatBytes, formatDuration } from "../incident/wording.ts";
import { html, type Markup } from "./markup.ts";

const UNKNOWN = html`<span class="muted">not known</span>`;

/** Unknown is said, never shown as zero. */
export function duration(ms: number | undefined): Markup {
  return ms === undefined ? UNKNOWN : html`${formatDuration(ms)}`;
}

export function fileLink(path: string, files: readonly FileRecord[]): Markup {
  // Paths in the manifest are names of ours; anything else is shown, never linked.
  return files.some((file) => file.path === path)
    ? html`<a href="${path}">${path}</a>`
    : html`<code>${path}</code>`;
}

/** How long a collector stopped the target; empty when it did not run. */
function pauseOf({ startedAt, touch, observedPauseMs }: CollectorRecord): Markup {
  if (observedPauseMs !== undefined) return html`${formatDuration(observedPauseMs)}`;
  if (startedAt === undefined) return html``;
  return touch === "none" ? html`none` : UNKNOWN;
}

export function collectorTable({ collectors }: Manifest): Markup {
  const rows = collectors.map(
    (record) =>
      html`<tr>
        <td>${record.name} <small>${record.tool}</small></td>
        <td class="keep ${record.status === "ok" ? "" : "bad"}">${record.status}</td>
        <td>${record.reason ?? record.method}</td>
        <td class="number">${record.startedAt === undefined ? undefined : duration(record.durationMs)}</td>
        <td class="number">${pauseOf(record)}</td>
        <td class="number">${record.startedAt === undefined ? undefined : formatBytes(record.bytes)}</td>
      </tr>`,
  );
  return html`<div class="card">
    <h2>Collectors</h2>
    <div class="scroll" role="region" aria-label="collectors" tabindex="0">
      <table>
        <tr>
          <th scope="col">name</th>
          <th scope="col">status</th>
          <th scope="col">reason or method</th>
          <th scope="col" class="number">took</th>
          <th scope="col" class="number">stopped the target</th>
          <th scope="col" class="number">size</th>
        </tr>
        ${rows}
      </table>
    </div>
  </div>`;
}

/** Files beyond these are in SHA256SUMS only. */
const MOST_FILES = 300;

export function fileTable({ files }: Manifest): Markup {
  const left = files.length - MOST_FILES;
  const rows = files.slice(0, MOST_FILES).map(
    (file) =>
      html`<tr>
        <td class="mono">
          ${fileLink(file.path, files)}${file.sensitivity === "core" ? html` <span class="bad">holds memory</span>` : undefined}${file.encryption ? html` <small>encrypted</small>` : undefined}${file.unmasked ? html` <span class="bad">binary, not masked</span>` : undefined}
        </td>
        <td class="number">${file.bytes.toLocaleString("en")}</td>
        <td class="mono">${file.sha256}</td>
      </tr>`,
  );
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const table = html`<div class="scroll" role="region" aria-label="files" tabindex="0">
    <table>
      <tr>
        <th scope="col">file</th>
        <th scope="col" class="number">bytes</th>
        <th scope="col">sha256</th>
      </tr>
      ${rows}
    </table>
  </div>`;
  return html`<div class="card">
    <h2>Files <small>as they were when this page was made</small></h2>
    <details>
      <summary>${files.length} files, ${formatBytes(bytes)}, each with its sha256</summary>
      ${table}${left > 0 ? html`<p class="muted">and ${left} more, in SHA256SUMS</p>` : undefined}
    </details>
  </div>`;
}

export function gaps({ collectors, redactions }: Manifest): Markup {
  const missing = collectors
    .filter(({ status }) => status !== "ok")
    .map(
      ({ name, status, reason, byChoice }) =>
        html`<tr>
          <td class="keep">${name}</td>
          <td>${status}${byChoice ? ", as asked" : ""}: ${reason ?? "no reason was recorded"}</td>
        </tr>`,
    );
  const masked = redactions.map(
    ({ file, rule, count }) =>
      html`<tr>
        <td class="keep">hidden</td>
        <td>${count} × ${rule} in <code>${file}</code></td>
      </tr>`,
  );
  return html`<div class="card">
    <h2>Not captured, and why</h2>
    <table class="gaps">
      ${missing}
      <tr>
        <td class="keep">environment</td>
        <td>values are never kept; names are</td>
      </tr>
      ${masked}
    </table>
  </div>`;
}
