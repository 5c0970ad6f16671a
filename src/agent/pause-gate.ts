// The agent's end of a capture's permits: questions come by lines on a pipe, and are answered one after the other.
import { createInterface } from "node:readline";
import { Duplex } from "node:stream";
import {
  PERMIT_DESCRIPTOR,
  PERMIT_VARIABLE,
  PermitQuestion,
  type PermitAnswer,
} from "../capture/pause-permit.ts";

/** Of one capture. Neither rejects. */
export interface PauseGate {
  /** May its target be stopped, and until when? */
  readonly ask: (waitMs: number) => Promise<PermitAnswer>;
  /** It stops nothing any more, or it has ended. */
  readonly over: () => Promise<void>;
}

/** For a command that is to ask: how it learns of it. */
export const PERMITTED = { env: { [PERMIT_VARIABLE]: String(PERMIT_DESCRIPTOR) } };

/** Answers what a capture asks on this pipe, until it is closed. */
export function answerPermits(pipe: unknown, gate: PauseGate): void {
  if (!(pipe instanceof Duplex)) return;
  // A capture that was killed is told nothing.
  pipe.on("error", () => undefined);
  let last: Promise<unknown> = Promise.resolve();
  createInterface({ input: pipe }).on("line", (line) => {
    last = last.then(async () => {
      const question = questionIn(line);
      if (question === undefined) return pipe.destroy();
      if ("over" in question) return gate.over();
      const answer = await gate.ask(question.ask.waitMs);
      return pipe.writable && pipe.write(`${JSON.stringify(answer)}\n`);
    });
  });
}

function questionIn(line: string): PermitQuestion | undefined {
  try {
    return PermitQuestion.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
