import { aboutSockets, isBacklogged, isUnread, stuck } from "../connections.ts";
import type { Evidence } from "../evidence.ts";
import { lineOf } from "../fact.ts";
import type { Judged, Rule } from "../rule.ts";
import { count, seconds } from "../wording.ts";

const LONG_MS = 1000;

export const eventLoopBlocked: Rule = {
  id: "event-loop-blocked",
  question: "Does the event loop come around?",
  next: "What keeps the main thread: a loop, a huge input, a synchronous call? The place is in its stacks.",
  judge: (evidence) => {
    if (evidence.runtime?.loop !== undefined) return fromInside(evidence.runtime);
    const outside = fromOutside(evidence);
    return outside.length > 0 ? outside : unanswered(evidence);
  },
};

/** Its inspector is opened by the main thread, the next time that it comes around. */
function unanswered({ runtime }: Evidence): readonly Judged[] {
  const silent = runtime?.silentMs;
  if (runtime === undefined || silent === undefined || silent.value < LONG_MS) return [];
  return [
    {
      text: `The main thread was asked to open its inspector, and did not come around to it in ${seconds(silent.value)}.`,
      value: silent.value,
      unit: "ms",
      windowMs: silent.value,
      method: "inspector",
      sureness: "likely",
      speaksFor: "restart",
      ...lineOf(silent),
    },
  ];
}

function fromInside({ loop, windowMs, method }: NonNullable<Evidence["runtime"]>): readonly Judged[] {
  const { hasTurned, silentMs, blockedIn } = loop?.value ?? {};
  if (loop === undefined || silentMs === undefined || silentMs < LONG_MS) return [];
  const place = blockedIn === undefined ? "" : `; it is in ${blockedIn}`;
  const text = hasTurned
    ? `The event loop has not come around for the last ${seconds(silentMs)} of ${seconds(windowMs)}${place}.`
    : `The event loop did not come around once in ${seconds(windowMs)}${place}.`;
  return [
    {
      text,
      value: Math.round(silentMs),
      unit: "ms",
      windowMs: Math.round(windowMs),
      method,
      sureness: "certain",
      speaksFor: "restart",
      ...lineOf(loop),
    },
  ];
}

/**
 * Without a look inside: a Node process reads its sockets by read(2) on its main thread. When that thread never waited for
 * anything, nothing was read or written, and clients wait all the while, its loop did not come around.
 */
function fromOutside({ target, threads, usage, sockets }: Evidence): readonly Judged[] {
  if (target?.runtime.name !== "node" || threads === undefined || sockets === undefined) return [];
  const main = threads.mainThread ?? target.pid;
  const intervals = threads.usages.filter(({ tid }) => tid === main);
  const [first, last] = [usage?.looks[0], usage?.looks.at(-1)];
  const isSilent =
    first?.reads !== undefined &&
    first.writes !== undefined &&
    first !== last &&
    first.reads === last?.reads &&
    first.writes === last.writes;
  const neverWaited = intervals.length >= 2 && intervals.every(({ voluntary }) => voluntary === 0);
  const waiting = [...stuck(sockets, isUnread), ...stuck(sockets, isBacklogged)];
  if (!isSilent || !neverWaited || waiting.length === 0) return [];
  const { windowMs } = threads;
  const text = `In ${seconds(windowMs)} the main thread did not wait for events once, and nothing was read or written, while ${count(waiting.length, "socket")} waited for it.`;
  return [
    {
      ...aboutSockets(sockets, waiting),
      text,
      value: windowMs,
      unit: "ms",
      windowMs,
      sureness: "likely",
      speaksFor: "restart",
    },
  ];
}
