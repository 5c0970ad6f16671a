// What the agent's flight recorder saw of the target before anybody captured it. It runs only where the settings name
// services to record, so it is in no profile.
import { z } from "zod";
import { UnsupportedError } from "../errors.ts";
import type { CollectorContext } from "./collector.ts";
import { defineCollector } from "./collector.ts";

const SEGMENT = /^\d{10}\.jsonl$/;
/** Longest segment of the ring, with room. */
const SEGMENT_LIMIT_BYTES = 4 * 1024 ** 2;

const Options = z.strictObject({
  folder: z.string().startsWith("/"),
  beforeMs: z.int().positive(),
  services: z.array(z.string()),
});
type Options = z.output<typeof Options>;

const Line = z.looseObject({
  kind: z.string(),
  at: z.string(),
  upMs: z.number(),
  bootId: z.string().optional(),
  pid: z.number().optional(),
  startTime: z.string().optional(),
});
type Line = z.output<typeof Line>;

export default defineCollector({
  name: "recorder",
  tool: "recorder",
  summary: "What was the target doing in the minutes before?",
  platforms: { linux: { needs: [], touch: "none" } },
  sensitive: [],
  estimate: () => ({ timeMs: 500, pauseMs: 0, sizeBytes: 1_000_000 }),
  options: Options,

  async collect(context) {
    const { target, options } = context;
    if (!isRecorded(target, options)) throw new UnsupportedError("recorder.services does not name it");
    const seen = await readBack(context);
    const own = seen.filter(({ pid, startTime }) => pid === target.pid && startTime === target.startTime);
    if (own.length === 0) {
      context.gap("the recorder has seen nothing of this process: is exhibit agent running?");
      return [];
    }
    await context.saveLines("process.jsonl", own);
    await context.saveLines(
      "host.jsonl",
      seen.filter(({ kind }) => kind === "host"),
    );
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    const ms = last.upMs - first.upMs;
    return [
      {
        id: "recorded-before",
        text: `The recorder had looked at it for ${Math.round(ms / 1000)} s, from ${first.at} to ${last.at}.`,
        value: ms,
        unit: "ms",
        line: JSON.stringify(first),
        file: "process.jsonl",
      },
    ];
  },
});

/** As the agent decides: by the unit, or the command of a process without one. */
function isRecorded(target: CollectorContext<Options>["target"], { services }: Options): boolean {
  return services.some((pattern) => new RegExp(pattern).test(target.service ?? target.command));
}

/** Lines of this boot within the time that is wanted, oldest first. */
async function readBack({ host, options }: CollectorContext<Options>): Promise<readonly Line[]> {
  const bootId = (await host.read("/proc/sys/kernel/random/boot_id")).toString("latin1").trim();
  const sinceMs = Number(process.hrtime.bigint() / 1_000_000n) - options.beforeMs;
  const names = (await host.list(options.folder)).filter((name) => SEGMENT.test(name));
  const newestFirst = names.toSorted((one, other) => (one < other ? 1 : -1));
  const found: Line[][] = [];
  for (const name of newestFirst) {
    const lines = parseLines(await host.read(`${options.folder}/${name}`, SEGMENT_LIMIT_BYTES));
    const [head, ...rest] = lines;
    if (head?.bootId !== bootId) break;
    found.unshift(rest.filter(({ upMs }) => upMs >= sinceMs));
    if (head.upMs < sinceMs) break;
  }
  return found.flat();
}

/** The last line may be cut: it is being written. */
function parseLines(bytes: Buffer): readonly Line[] {
  return bytes
    .toString("utf8")
    .split("\n")
    .flatMap((text) => {
      try {
        const line = Line.safeParse(JSON.parse(text));
        return line.success ? [line.data] : [];
      } catch {
        return [];
      }
    });
}
