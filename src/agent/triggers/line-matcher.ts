// Lines against a pattern, within a time. A pattern that goes back and forth (`(a+)+$`) may take years for one line, and who
// writes the log chooses the line; the machine that runs patterns can only be interrupted from outside, which a context of
// node:vm with a timeout does.
import { createContext, Script } from "node:vm";

/** For all lines of one look. It is a time of the clock: on a busy host a good pattern may be slow, too, so it is asked twice. */
const LIMIT_MS = 200;
const TRIES = 2;

const COUNT = new Script("lines.filter((line) => pattern.test(line)).length");

export interface LineMatcher {
  /** How many lines match; undefined when it could not be told in time. Blocks us for at most 400 ms. */
  readonly count: (lines: readonly string[]) => number | undefined;
}

/** Throws SyntaxError when it is no pattern. */
export function openLineMatcher(text: string): LineMatcher {
  const room: { lines: readonly string[]; readonly pattern: RegExp } = {
    lines: [],
    pattern: new RegExp(text),
  };
  const context = createContext(room);
  const once = (): number | undefined => {
    try {
      return Number(COUNT.runInContext(context, { timeout: LIMIT_MS }));
    } catch {
      // ERR_SCRIPT_EXECUTION_TIMEOUT; nothing else can be thrown there.
      return undefined;
    }
  };
  return {
    count: (lines) => {
      if (lines.length === 0) return 0;
      room.lines = lines;
      let counted: number | undefined;
      for (let tries = 0; tries < TRIES && counted === undefined; tries++) counted = once();
      room.lines = [];
      return counted;
    },
  };
}
