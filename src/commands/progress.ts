// What a person under stress sees while evidence is taken: a line per collector as it ends, and at the bottom one live
// line with what runs, what is left of the budget, and the two keys. Without a terminal a calm log, no live line.
import { printable } from "../printable.ts";
import type { Progress } from "../capture/request.ts";
import type { Style } from "./style.ts";

const COLOURS: Readonly<Record<string, "green" | "yellow" | "red">> = {
  ok: "green",
  standing: "green",
  partial: "yellow",
  failed: "red",
};

export interface ProgressDisplay {
  readonly show: (progress: Progress) => void;
  /** Removes the live line; whoever writes next has a clean terminal. */
  readonly close: () => void;
}

export function openProgress(terminal: {
  readonly write: (text: string) => void;
  readonly isTty: boolean;
  readonly columns: number;
  readonly style: Style;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** `systemctl restart muskie@7` starts at the end of it; absent for a plain capture. */
  readonly command: string | undefined;
}): ProgressDisplay {
  const { write, isTty, style } = terminal;
  const running = new Map<string, number>();
  let endsAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const live = isTty && !terminal.quiet;

  const clear = () => live && write("\r\u001b[K");
  const draw = () => {
    if (!live || endsAt === 0) return;
    const left = Math.max(0, (endsAt - performance.now()) / 1000).toFixed(1);
    const stop = terminal.command === undefined ? "stop" : "stop, run nothing";
    const keys = ` ${left} s left   [s] go on now   [Ctrl-C] ${stop}`;
    const text = `${keys}${restOf(namesOf(running), terminal.command, terminal.columns - 1 - keys.length)}`;
    write(`\r\u001b[K${style.dim(printable(text, terminal.columns - 1))}`);
  };
  const line = (text: string) => {
    if (terminal.quiet) return;
    clear();
    write(`${text}\n`);
    draw();
  };

  return {
    show: (progress) => {
      switch (progress.kind) {
        case "found":
          endsAt = performance.now() + progress.collectUntilMs - progress.elapsedMs;
          line(`exhibit: saving evidence in ${style.bold(progress.captureId)}`);
          if (live) timer = setInterval(draw, 200);
          timer?.unref();
          break;
        case "started":
          running.set(progress.name, performance.now());
          draw();
          break;
        case "ended":
          running.delete(progress.name);
          if (isTty || terminal.verbose || !["ok", "skipped", "unsupported"].includes(progress.status))
            line(endedLine(progress, style, terminal.columns));
          break;
        case "secured":
          endsAt = 0;
          clearInterval(timer);
          line(`exhibit: all taken so far is safe on disk after ${(progress.elapsedMs / 1000).toFixed(1)} s`);
          break;
      }
    },
    close: () => {
      clearInterval(timer);
      if (endsAt !== 0) clear();
      endsAt = 0;
    },
  };
}

/** Of COMMAND less than this says nothing. */
const LEAST_COMMAND = 12;
const THEN = "   then: ";

/** What runs, and COMMAND; without room for both, the end of COMMAND, which says what it is done to. */
function restOf(names: string, command: string | undefined, room: number): string {
  if (command === undefined) return names;
  const whole = printable(command, 500);
  const [beside, alone] = [room - names.length - THEN.length, room - THEN.length];
  if (beside >= Math.min(LEAST_COMMAND, whole.length)) return `${names}${THEN}${endOf(whole, beside)}`;
  return alone < LEAST_COMMAND ? `${names}${THEN}${whole}` : `${THEN}${endOf(whole, alone)}`;
}

function endOf(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : `…${characters.slice(1 - limit).join("")}`;
}

/** What runs now; of many the first two, and how many more. */
function namesOf(running: ReadonlyMap<string, number>): string {
  const names = [...running.keys()];
  if (names.length === 0) return "";
  const more = names.length > 2 ? ` +${names.length - 2}` : "";
  return `   ${names.slice(0, 2).join(" ")}${more}`;
}

function endedLine(progress: Extract<Progress, { kind: "ended" }>, style: Style, columns: number): string {
  const { status } = progress;
  const took = progress.durationMs === 0 ? "" : `${(progress.durationMs / 1000).toFixed(1)} s`;
  const pause = progress.pausedMs === undefined ? "" : `, stopped ${progress.pausedMs} ms`;
  const times = `${took}${pause}`.padEnd(6);
  const width = 2 + 12 + 1 + 11 + 1 + times.length + 2;
  const reason =
    progress.reason === undefined ? "" : `  ${printable(progress.reason, Math.max(20, columns - width - 1))}`;
  const name = progress.name.padEnd(12);
  return `  ${name} ${style[COLOURS[status] ?? "dim"](status.padEnd(11))} ${times}${style.dim(reason)}`.trimEnd();
}
