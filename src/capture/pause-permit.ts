// Leave to stop a target, asked of whoever started us: the agent counts the pauses of a fleet and answers on a descriptor
// that we were given. Asked before each collector that stops the target, given back after the last. What must stay true:
// without an answer nothing is stopped, and no pause lasts past the time that was allowed.
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { delay } from "../host/clock.ts";
import { monotonicMs } from "../host/monotonic.ts";

/** Names the descriptor in our environment. */
export const PERMIT_VARIABLE = "EXHIBIT_PAUSES";
export const PERMIT_DESCRIPTOR = 3;

/** `ask`: may the target be stopped, and how long (ms) can we wait to hear so? `over`: nothing is stopped any more. */
export const PermitQuestion = z.union([
  z.strictObject({ ask: z.strictObject({ waitMs: z.number().nonnegative() }) }),
  z.strictObject({ over: z.literal(true) }),
]);
export type PermitQuestion = z.infer<typeof PermitQuestion>;

/** `untilMs` is on the host's monotonic clock. */
export const PermitAnswer = z.union([
  z.strictObject({ untilMs: z.number() }),
  z.strictObject({ refused: z.string() }),
]);
export type PermitAnswer = z.infer<typeof PermitAnswer>;

/** Whoever started us may be frozen. */
const LATE_MS = 3000;
const NOBODY: PermitAnswer = { refused: "the agent, which counts the fleet's pauses, does not answer" };

export interface PausePermit {
  /** Never rejects. */
  readonly ask: (waitMs: number) => Promise<PermitAnswer>;
  readonly over: () => void;
}

/** The permit that our environment names; undefined when nobody wants to be asked. */
export function openPausePermit(environment: NodeJS.ProcessEnv): PausePermit | undefined {
  if (environment[PERMIT_VARIABLE] === undefined) return undefined;
  let socket: Socket;
  try {
    socket = new Socket({ fd: PERMIT_DESCRIPTOR });
  } catch {
    // No such descriptor: told to ask, and nobody to ask.
    return { ask: async () => NOBODY, over: () => undefined };
  }
  return askThrough(socket);
}

function askThrough(socket: Socket): PausePermit {
  const waiting: ((answer: PermitAnswer) => void)[] = [];
  let isGone = false;
  const gone = () => {
    isGone = true;
    for (const tell of waiting.splice(0)) tell(NOBODY);
  };
  socket.on("error", gone).on("close", gone);
  createInterface({ input: socket }).on("line", (line) => waiting.shift()?.(answerIn(line)));
  // We end when our work is done, whoever listens.
  socket.unref();
  const write = (question: PermitQuestion) => void socket.write(`${JSON.stringify(question)}\n`);
  return {
    ask: async (waitMs) => {
      if (isGone) return NOBODY;
      const settled = new AbortController();
      const answer = new Promise<PermitAnswer>((resolve) => waiting.push(resolve));
      write({ ask: { waitMs: Math.max(0, waitMs) } });
      const late = delay(Math.max(0, waitMs) + LATE_MS, settled.signal).then((): PermitAnswer => {
        // An answer to a question that nobody waits for must not be taken for that to the next.
        if (!settled.signal.aborted) socket.destroy();
        return NOBODY;
      });
      try {
        return await Promise.race([answer, late]);
      } finally {
        settled.abort();
      }
    },
    over: () => {
      if (!isGone) write({ over: true });
    },
  };
}

function answerIn(line: string): PermitAnswer {
  try {
    const answer = PermitAnswer.safeParse(JSON.parse(line));
    if (answer.success && (!("untilMs" in answer.data) || answer.data.untilMs > monotonicMs()))
      return answer.data;
  } catch {
    // Refused.
  }
  return NOBODY;
}
