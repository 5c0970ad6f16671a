// The few numbers that are looked at first. Those that a rule found worth a reading are marked, in words too.
import type { Manifest } from "../bundle/manifest.ts";
import { formatBytes, formatDuration } from "../incident/wording.ts";
import type { Evidence } from "../readings/evidence.ts";
import { percentText } from "./columns.ts";
import { html, type Markup } from "./markup.ts";
import { worstGroup } from "./sockets.ts";
import { duration } from "./tables.ts";

interface Tile {
  readonly value: Markup;
  readonly text: string;
  /** Ids of readings of which one marks it. */
  readonly readings: readonly string[];
}

function collectionTile({ runtime }: Evidence): Tile | undefined {
  const found = runtime?.collections?.value;
  if (runtime === undefined || found === undefined) return undefined;
  return {
    value: html`${percentText(found.sharePercent)}`,
    text: `of ${formatDuration(runtime.windowMs)} in garbage collection`,
    readings: ["gc-share"],
  };
}

function socketTile({ sockets }: Evidence): Tile | undefined {
  const worst = sockets && worstGroup(sockets);
  if (worst === undefined) return undefined;
  return {
    value: html`${worst.count}`,
    text: `${worst.state}, ${worst.name}`,
    readings: [
      "close-wait",
      "syn-sent",
      "unread-bytes",
      "unacknowledged-bytes",
      "peer-against-twins",
      "accept-backlog",
    ],
  };
}

function descriptorTile({ descriptors }: Evidence): Tile | undefined {
  if (descriptors === undefined) return undefined;
  const { open, limit } = descriptors;
  const of = limit === undefined ? "" : ` / ${limit.value.toLocaleString("en")}`;
  return {
    value: html`${open.value.toLocaleString("en")}${of}`,
    text: `open file descriptors${limit === undefined ? "" : ", soft limit"}`,
    readings: ["descriptors"],
  };
}

function memoryTile({ process, runtime }: Evidence): Tile | undefined {
  const resident = process?.residentBytes?.value;
  if (resident === undefined) return undefined;
  const heap = runtime?.heap?.value;
  const of = heap && `, heap ${formatBytes(heap.usedBytes)} of ${formatBytes(heap.limitBytes)}`;
  return {
    value: html`${formatBytes(resident)}`,
    text: `RSS${of ?? ""}`,
    readings: ["memory-growing", "heap-near-limit", "cgroup-memory"],
  };
}

function markup({ value, text, readings }: Tile, found: ReadonlySet<string>): Markup {
  const isMarked = readings.some((id) => found.has(id));
  return html`<div class="${isMarked ? "marked" : ""}">
    <b class="${isMarked ? "bad" : ""}">${value}</b
    >${text}${isMarked ? html` <small>stands out</small>` : undefined}
  </div>`;
}

/** What is not known has no tile, but for how long the process was stopped: that is said. */
export function tiles(manifest: Manifest, evidence: Evidence | undefined): Markup {
  const { collectors, files, made, pausedMs, state, stateReason, durationMs, readings } = manifest;
  const found = new Set(readings.map(({ id }) => id));
  const asked = collectors.filter((collector) => !collector.byChoice);
  const complete = asked.filter(({ status }) => status === "ok").length;
  const known = evidence
    ? [collectionTile, socketTile, descriptorTile, memoryTile].flatMap((tile) => {
        const told = tile(evidence);
        return told === undefined ? [] : [markup(told, found)];
      })
    : [];
  return html`<div class="tiles">
    ${known}
    ${made === undefined ? html`<div><b>${duration(pausedMs)}</b>process stopped, in all</div>` : undefined}
    <div><b>${complete} of ${asked.length}</b>collectors complete, in ${formatDuration(durationMs)}</div>
    <div><b class="${state === "complete" ? "" : "bad"}">${state}</b>${stateReason ?? made ?? "capture"}</div>
    <div>
      <b>${formatBytes(files.reduce((sum, file) => sum + file.bytes, 0))}</b>in ${files.length} files of
      evidence
    </div>
  </div>`;
}
