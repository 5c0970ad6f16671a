import prettyBytes from "pretty-bytes";
import type { Estimate, Left } from "../collector.ts";

const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
const size = (bytes: number) => prettyBytes(Math.max(0, bytes), { binary: true });

/** Why something of this cost must not begin; undefined when it fits what is left. */
export function faultOf(estimate: Estimate, left: Left): string | undefined {
  if (estimate.pauseMs > left.pauseMs)
    return `would stop the target for about ${seconds(estimate.pauseMs)}; ${seconds(left.pauseMs)} of --max-pause are left`;
  if (estimate.timeMs > left.timeMs)
    return `takes about ${seconds(estimate.timeMs)}; ${seconds(left.timeMs)} of the budget are left`;
  if (estimate.sizeBytes > left.bytes)
    return `needs about ${size(estimate.sizeBytes)}; ${size(left.bytes)} may be written (--max-size, spool.keepFree)`;
  return undefined;
}
