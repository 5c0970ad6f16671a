// What is to be said of a core that stood before it was whole: by the capture that took it, or by the next command when that
// capture was ended meanwhile and the helper finished alone.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HelperEvent, type CompleteEvent, type StandingEvent } from "../../core/helper/messages.ts";
import {
  verifyPlain,
  verifyStream,
  type StreamExpected,
  type VerifiedCore,
} from "../../core/verify-stream.ts";
import type { Reading } from "../collector.ts";
import { coreReading } from "./readings.ts";

/** Why the record of such a core is partial until it is whole. */
export const PENDING = "the core was still being written";

/** What the collector knows of it once it stands. */
const About = z.strictObject({
  method: z.enum(["snapshot", "stop"]),
  instead: z.array(z.strictObject({ method: z.string(), reason: z.string() })).readonly(),
  file: z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/),
  isPacked: z.boolean(),
  open: z.string(),
  /** As the kernel says it (core/open-line.ts). */
  executableDeleted: z.boolean().optional(),
});
export type AboutCore = z.infer<typeof About>;

interface TakenCore {
  readonly about: AboutCore;
  readonly path: string;
  readonly ready: Extract<HelperEvent, { event: "ready" }>;
  readonly standing: StandingEvent;
  /** Undefined when it broke off; `problems` say why. */
  readonly complete: CompleteEvent | undefined;
  readonly problems: readonly string[];
  /** A check that has begun beside the stream. */
  readonly check?: (expected: StreamExpected) => Promise<VerifiedCore>;
}

export interface DescribedCore {
  readonly method: string;
  /** core.json. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** None: it is a core, whole and checked. */
  readonly problems: readonly string[];
  readonly readings: readonly Reading[];
}

/** Looks whether it is one, and what it is. */
export async function describeCore(taken: TakenCore): Promise<DescribedCore> {
  const { about, complete, path, ready } = taken;
  const problems = [...taken.problems];
  const { event: _, threads, ...stood } = taken.standing;
  if (complete !== undefined) {
    const check =
      taken.check ?? ((expected) => (about.isPacked ? verifyStream : verifyPlain)(path, expected));
    const verified = await check({ headBytes: complete.headBytes, threads });
    problems.push(...complete.problems, ...verified.problems);
  }
  const size = await stat(path).catch(() => undefined);
  const { event: __, problems: ___, remarks = [], ...told } = complete ?? { event: undefined, problems: [] };
  const isWhole = complete !== undefined && problems.length === 0;
  const { isPacked: ____, ...shown } = about;
  return {
    method: about.method,
    facts: {
      ...shown,
      estimate: ready.estimate,
      ...stood,
      threads: threads.length,
      ...told,
      storedBytes: size?.size,
      modules: ready.modules,
      remarks,
      complete: isWhole,
      problems,
    },
    problems,
    readings: isWhole
      ? [coreReading(complete.coreBytes, { method: about.method, threads: threads.length, remarks })]
      : [],
  };
}

/**
 * The core of a capture that was ended, from what its helper kept in `told` (core/helper/alone.ts); undefined when none
 * stood. `folder` is that of the collector.
 */
export async function describeLeftCore(told: string, folder: string): Promise<DescribedCore | undefined> {
  const [first, ...rest] = (await readFile(told, "utf8").catch(() => "")).split("\n").map(parseJson);
  const about = About.safeParse(first);
  const events = rest.flatMap((line) => {
    const event = HelperEvent.safeParse(line);
    return event.success ? [event.data] : [];
  });
  const ready = events.find(({ event }) => event === "ready");
  const standing = events.find(({ event }) => event === "standing");
  if (!about.success || ready?.event !== "ready" || standing?.event !== "standing") return undefined;
  const last = events.at(-1);
  const complete = last?.event === "complete" ? last : undefined;
  const why = last?.event === "failed" ? last.reason : "its helper was ended";
  return describeCore({
    about: about.data,
    path: join(folder, about.data.file),
    ready,
    standing,
    complete,
    problems: complete === undefined ? [`the core broke off: ${why}`] : [],
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
