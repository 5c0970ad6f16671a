// Processes by their command line, as pgrep -f does. Neither we nor the processes above us ever match: their command
// lines hold the pattern itself. Nor does one that looks for the same by us: a `fleet` over SSH that also asks its own host.
import { TargetError, UsageError, messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { splitAtNul } from "./facts.ts";
import { ancestors, hold, type FoundTarget } from "./found.ts";
import { readOfEach } from "./processes.ts";

/** What is compared of a command line: a pattern that backtracks must not meet a megabyte. */
const LINE_LIMIT_BYTES = 4096;

/** All that match, by pid. Throws a UsageError for a bad pattern, a TargetError when nothing matches. */
export function findMatching(pattern: string): readonly FoundTarget[] {
  const expression = compile(pattern);
  const excluded = new Set([process.pid, ...ancestors()]);
  const found: FoundTarget[] = [];
  for (const [pid, bytes] of readOfEach("cmdline", LINE_LIMIT_BYTES)) {
    const line = splitAtNul(bytes)
      .map((part) => part.toString("utf8"))
      .join(" ");
    if (line === "" || excluded.has(pid) || looksFor(line, pattern) || !expression.test(line)) continue;
    const target = holdUnlessGone(pid, pattern);
    if (target !== undefined) found.push(target);
  }
  if (found.length === 0)
    throw new TargetError(`no process has a command line that matches ${printable(pattern)}`, {
      hint: "the pattern is a regular expression over the arguments joined by blanks",
    });
  return found.toSorted((a, b) => a.target.pid - b.target.pid);
}

const EXHIBIT = /(?:^|[/ '"])(?:exhibit|cli\.[jt]s) /;

/** As it is typed, or as one word for a shell (ssh, `sh -c`). */
function looksFor(line: string, pattern: string): boolean {
  if (!EXHIBIT.test(line)) return false;
  return ["--match ", "--match="].some((option) =>
    ["", "'", '"'].some((quote) => line.includes(`${option}${quote}${pattern}`)),
  );
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new UsageError(`--match: ${messageOf(error)}`, {
      cause: error,
      hint: "quote it for the shell: --match 'muskie.*8081'",
    });
  }
}

/** One that ends while we look is no fault: it is not there. */
function holdUnlessGone(pid: number, pattern: string): FoundTarget | undefined {
  try {
    return hold({ kind: "match", asked: pattern, pid });
  } catch (error) {
    if (error instanceof TargetError) return undefined;
    throw error;
  }
}
