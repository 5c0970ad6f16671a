// What is told at the end of a capture: what was saved and what not, how long the target was stopped, what stands out,
// where it is, and the next command.
import { printable } from "../printable.ts";
import { comparisonText } from "../readings/comparison-text.ts";
import type { CommandContext } from "./command.ts";
import type { SavedCapture } from "./results/captures.ts";
import { styleOf } from "./style.ts";

/** `9 of 10 collectors, the target was stopped 250 ms`. */
function captureWords(result: SavedCapture): string {
  const ok = result.collectors.filter(({ status }) => status === "ok").length;
  const unsupported = result.collectors.filter(({ status }) => status === "unsupported");
  const without =
    unsupported.length === 0 ? "" : ` (not here: ${unsupported.map(({ name }) => name).join(", ")})`;
  const paused =
    result.pausedMs === undefined
      ? "stopped for an unknown time"
      : result.pausedMs === 0
        ? "never stopped"
        : `stopped ${result.pausedMs} ms`;
  return `${ok} of ${result.collectors.length} collectors${without}, the target was ${paused}`;
}

/** Lines for stderr; `what` is what the bundle holds, in words. */
export function describeCapture(
  result: SavedCapture,
  context: CommandContext<unknown>,
  what = captureWords(result),
): string {
  const style = styleOf(context.progress);
  const missing = result.collectors.filter(
    ({ status, byChoice }) => !byChoice && status !== "ok" && status !== "unsupported",
  );
  const lines = [
    `exhibit: ${style.bold(result.captureId)} ${result.state}: ${what}`,
    ...missing.map(
      ({ name, status, reason }) => `  ${style.yellow(name)} ${status}: ${printable(reason ?? "", 200)}`,
    ),
    ...(result.comparison === undefined
      ? []
      : [`  ${style.bold(printable(comparisonText(result.comparison), 400))}`]),
    ...result.readings.slice(0, 5).map(({ text }) => `  ${style.bold("*")} ${printable(text, 300)}`),
    ...(result.unsigned === undefined
      ? []
      : [`  ${style.yellow("not signed")}: ${printable(result.unsigned, 300)}`]),
    `  bundle  ${result.upload.url ?? result.path}${uploadState(result)}`,
    ...result.notes.map(
      (note) =>
        `  note    ${printable(note.incident)}: ${note.state}${note.where ? ` in ${printable(note.where, 300)}` : ""}${note.reason ? `: ${printable(note.reason, 200)}` : ""}`,
    ),
  ];
  const waits = result.upload.state === "waiting" || result.notes.some(({ state }) => state === "waiting");
  lines.push(
    waits ? "  send what waits with: exhibit push" : `  look at it with: exhibit show ${result.captureId}`,
  );
  return lines.join("\n");
}

function uploadState(result: SavedCapture): string {
  if (result.upload.state !== "waiting") return "";
  return ` (the upload waits: ${printable(result.upload.reason ?? "", 200)})`;
}
