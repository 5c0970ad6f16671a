// What a person sees of a job: a line for each host as it ends, and at the bottom one live line with the counts and who is
// working. Without a terminal a calm log.
import type { HostRecord } from "../fleet/job.ts";
import type { FleetProgress } from "../fleet/run-fleet.ts";
import type { FleetHost } from "../fleet/transport.ts";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import { styleOf, type Style } from "./style.ts";

const REDRAW_MS = 250;

type StyleName = keyof Style;
const COLOURS: Readonly<Partial<Record<HostRecord["state"], StyleName>>> = {
  done: "green",
  partial: "yellow",
  busy: "yellow",
  "not-started": "dim",
};

export interface FleetDisplay {
  readonly show: (progress: FleetProgress) => void;
  /** A line above the live one. */
  readonly say: (text: string) => void;
  /** Removes the live line. */
  readonly close: () => void;
}

/** `width` is that of the longest host name. */
export function openFleetDisplay(
  context: Pick<CommandContext<unknown>, "progress" | "draw" | "say" | "global">,
  hosts: readonly FleetHost[],
): FleetDisplay {
  const { progress, draw, say, global } = context;
  const live = progress.isTty && !global.quiet;
  const style = styleOf(progress);
  const width = Math.min(40, Math.max(4, ...hosts.map(({ name }) => name.length)));
  const services = Math.min(24, Math.max(0, ...hosts.map(({ service }) => service.length)));
  const working = new Map<string, string>();
  let ended = 0;
  let hint = "[Ctrl-C] begin no more";
  let drawn = "";

  const clear = () => {
    if (live && drawn !== "") draw("\r\u001b[K");
    drawn = "";
  };
  const redraw = () => {
    if (!live) return;
    const who = [...working].map(([name, text]) => (text === "" ? name : `${name} (${text})`));
    const shown = who.slice(0, 4).join(" ");
    const more = who.length > 4 ? ` +${who.length - 4}` : "";
    const line = printable(
      ` ${ended} of ${hosts.length} ended   ${shown}${more}   ${hint}`,
      progress.columns - 1,
    );
    // Only what has changed is drawn: nothing flickers.
    if (line === drawn) return;
    draw(`\r\u001b[K${style.dim(line)}`);
    drawn = line;
  };
  const print = (text: string) => {
    clear();
    say(text);
    redraw();
  };
  const timer = live ? setInterval(redraw, REDRAW_MS) : undefined;
  timer?.unref();
  return {
    show: (what) => {
      switch (what.kind) {
        case "wave":
          if (what.name !== "all")
            print(`exhibit: ${what.name}: ${what.hosts} ${what.hosts === 1 ? "host" : "hosts"}`);
          break;
        case "begun":
          working.set(what.host.name, "");
          break;
        case "doing":
          working.set(what.host.name, what.text);
          break;
        case "ended":
          ended++;
          working.delete(what.host.name);
          print(endedLine(what.host, what.record, { style, width, services }));
          break;
      }
    },
    say: (text) => {
      hint = "[Ctrl-C] stop those that run";
      print(text);
    },
    close: () => {
      clearInterval(timer);
      clear();
    },
  };
}

function endedLine(
  { name, service }: FleetHost,
  record: HostRecord,
  { style, width, services }: { readonly style: Style; readonly width: number; readonly services: number },
): string {
  const { state, durationMs } = record;
  const took = durationMs === undefined ? "" : `${(durationMs / 1000).toFixed(1)} s`;
  const paint = style[COLOURS[state] ?? "red"];
  const head = `  ${printable(name, width).padEnd(width)}  ${printable(service, services).padEnd(services)}  ${paint(state.padEnd(11))}  ${took.padStart(7)}`;
  return `${head}  ${detailOf(record)}`.trimEnd();
}

/** The answer, where the bundle is, and why it is not whole. */
export function detailOf({ answer, urls, reason }: HostRecord): string {
  return [answer ?? "", ...urls, reason ?? ""]
    .filter((text) => text !== "")
    .map((text) => printable(text, 600))
    .join("  ");
}
