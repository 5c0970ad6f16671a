// One live line on a terminal for what takes its time: how much of it is done. Elsewhere nothing.
import prettyBytes from "pretty-bytes";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";

const EVERY_MS = 200;

export interface TransferLine {
  readonly show: (doneBytes: number, totalBytes: number) => void;
  /** Removes it; whoever writes next has a clean terminal. */
  readonly close: () => void;
}

export function openTransferLine(
  { progress, global, draw }: Pick<CommandContext<unknown>, "progress" | "global" | "draw">,
  what: string,
): TransferLine {
  if (!progress.isTty || global.quiet) return { show: () => undefined, close: () => undefined };
  const start = performance.now();
  let drawnAt = 0;
  return {
    show: (doneBytes, totalBytes) => {
      const now = performance.now();
      if (now - drawnAt < EVERY_MS) return;
      drawnAt = now;
      const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
      const rate = prettyBytes((doneBytes / Math.max(1, now - start)) * 1000, { binary: true });
      const of = `${prettyBytes(doneBytes, { binary: true })} of ${prettyBytes(totalBytes, { binary: true })}`;
      draw(`\r\u001b[K${printable(`${percent} %  ${of}  ${rate}/s  ${what}`, progress.columns - 1)}`);
    },
    close: () => {
      if (drawnAt > 0) draw("\r\u001b[K");
    },
  };
}
