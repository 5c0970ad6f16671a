// V8's own lines about the garbage collections of a process, as they come: see trace-ring.ts. The buffer holds two to four
// lines, so it is looked at every few milliseconds; a look is a read of 528 bytes that the process does not notice.
import type { TracedLines, TraceWatch } from "../collectors/inspection.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { findRing, type Ring, RING_BYTES } from "./trace-ring.ts";

const PERIOD_MS = 10;
/** It is searched for again after so long, then after twice as long: a process that never collected has none. */
const SEARCH_MS = 1000;
/** As much of what was seen must be there still, else more may have come than the buffer holds. */
const OVERLAP_BYTES = 96;

/** Begins to look; what is in the buffer already is not told. */
export function watchTrace(held: HeldProcess): TraceWatch {
  let ring: Ring | undefined;
  let unknown: string | undefined;
  let searchAt = Number.NEGATIVE_INFINITY;
  let waitMs = SEARCH_MS;
  let isFirst = true;
  let seen = "";
  let lines: TracedLines["lines"][number][] = [];
  let breaks = 0;
  const search = () => {
    searchAt = performance.now() + waitMs;
    waitMs *= 2;
    const found = findRing(held);
    if ("unknown" in found) unknown = found.unknown;
    else [ring, unknown] = [found, undefined];
  };
  const look = () => {
    if (ring === undefined && performance.now() >= searchAt) search();
    const seenUnixMs = Date.now();
    const text = ring?.read();
    if (text !== undefined && text !== seen) {
      // A line that is being written while it is read looks like a break: one look more tells.
      let fresh = newIn(seen, text);
      if (fresh.isBreak) {
        const again = ring?.read() ?? text;
        fresh = { ...newIn(seen, again), now: again };
      }
      // Before the first look there was none, or it is the state at the beginning.
      if (seen !== "" || !isFirst) {
        for (const line of fresh.lines) lines.push({ text: line, seenUnixMs });
        if (fresh.isBreak) breaks++;
      }
      seen = fresh.now;
    }
    isFirst = false;
  };
  look();
  const timer = setInterval(look, PERIOD_MS);
  timer.unref();
  return {
    take: () => {
      look();
      const taken = { lines, breaks, unknown };
      lines = [];
      breaks = 0;
      return taken;
    },
    end: () => {
      clearInterval(timer);
      ring?.close();
      ring = undefined;
      searchAt = Number.POSITIVE_INFINITY;
    },
  };
}

/** What `text`, both oldest first, holds that `seen` does not. */
function newIn(seen: string, text: string) {
  const came = cameSince(seen, text);
  // V8 cuts a line at 255 bytes; it has no line break then. Of the oldest one only the end may be left.
  const lines = (came ?? text).split(/\n|(?=\[\d+:0x)/).filter((line) => /^\[\d+:0x/.test(line));
  return {
    now: text,
    isBreak: came === undefined,
    lines: came === undefined ? lines.filter((line) => !seen.includes(line)) : lines,
  };
}

function cameSince(seen: string, text: string): string | undefined {
  if (text.startsWith(seen)) return text.slice(seen.length);
  for (let length = 1; length <= RING_BYTES - OVERLAP_BYTES; length++) {
    const kept = text.slice(0, text.length - length);
    if (kept.length >= OVERLAP_BYTES && seen.endsWith(kept)) return text.slice(text.length - length);
  }
  return undefined;
}
