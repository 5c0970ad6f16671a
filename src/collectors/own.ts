// Collectors of people's own: a command in the settings instead of code.
import { z } from "zod";
import { UnsupportedError } from "../errors.ts";
import type { OwnCollectorSettings } from "../settings.ts";
import { defineCollector, type Collector, type CollectorContext, type Touch } from "./collector.ts";

/** What a command that stops the target for a moment is taken to need. */
const BRIEF_MS = 1000;
const UNKNOWN_BYTES = 1024 ** 2;

/**
 * A collector that runs `argv` and keeps what it prints as stdout.txt. `{pid}`, `{unit}` and `{out}` (a file that the
 * command writes itself) are replaced within the arguments. A sampler (`window`) is ended when the window is over.
 */
export function ownCollector(name: string, settings: OwnCollectorSettings): Collector {
  const { summary, touch, sensitive, timeout } = settings;
  const [command = name, ...rest] = settings.argv;
  const support = { needs: [command], touch };
  // A sampler's time is the window.
  const time: { readonly window?: true; readonly limitMs?: number } = settings.window
    ? { window: true }
    : { limitMs: timeout };

  return defineCollector({
    name,
    tool: command,
    summary,
    platforms: { linux: support, illumos: support },
    sensitive,
    ...time,
    estimate: (_target, windowMs) => ({
      timeMs: settings.window ? windowMs : timeout,
      pauseMs: pauseOf(touch, timeout),
      sizeBytes: UNKNOWN_BYTES,
    }),
    options: z.strictObject({}),

    async collect(context) {
      const fill = await placeholders(context, settings);
      await context.run([fill(command), ...rest.map(fill)], {
        as: "stdout.txt",
        ...(sensitive.includes("core") ? { sensitive: "core" } : {}),
        stopsTarget: touch === "brief" || touch === "stop",
        ...(settings.window ? { forMs: context.windowMs } : {}),
      });
      return [];
    },
  });
}

/** We cannot know how long someone's command stops the target: one that stops it may do so to its last moment. */
function pauseOf(touch: Touch, timeoutMs: number): number {
  if (touch === "stop") return timeoutMs;
  return touch === "brief" ? Math.min(timeoutMs, BRIEF_MS) : 0;
}

/** What replaces the placeholders, in one pass: what a unit's name holds is never a placeholder. */
async function placeholders(
  { target, reserve }: CollectorContext<unknown>,
  { argv, sensitive }: OwnCollectorSettings,
): Promise<(argument: string) => string> {
  const uses = (placeholder: string) => argv.some((argument) => argument.includes(placeholder));
  const unit = target.service ?? "";
  if (uses("{unit}") && unit === "")
    throw new UnsupportedError("needs {unit}, and the target belongs to none");
  if (argv.some((argument) => argument.startsWith("{unit}")) && unit.startsWith("-"))
    throw new UnsupportedError("the name of the target's unit would be taken for an option");
  const out = uses("{out}") ? await reserve("out", sensitive.includes("core") ? "core" : "none") : "";
  const values: Readonly<Record<string, string>> = {
    "{pid}": String(target.pid),
    "{unit}": unit,
    "{out}": out,
  };
  return (argument) =>
    argument.replace(/\{(?:pid|unit|out)\}/g, (placeholder) => values[placeholder] ?? placeholder);
}
