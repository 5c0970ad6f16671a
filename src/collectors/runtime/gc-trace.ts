// The illumos half of the runtime collector: `nhttpsnoop -g`, where the probes that it needs exist. Node 19 and later have
// none, and nhttpsnoop then prints its header alone and ends with 0: that is unknown, never 0%.
import { UnsupportedError } from "../../errors.ts";
import { parseNhttpsnoop, type SnoopRow } from "../../parsers/nhttpsnoop.ts";
import type { CollectorContext, CommandOutput, Reading } from "../collector.ts";

const METHOD = "dtrace-usdt";

/** Throws UnsupportedError when nothing can be known of this process's garbage collections. */
export async function traceGarbageCollections(
  context: CollectorContext<unknown>,
): Promise<readonly Reading[]> {
  const { target, windowMs } = context;
  await requireProbe(context);
  const output = await context.run(["nhttpsnoop", "-g"], { as: "nhttpsnoop.txt", forMs: windowMs });
  const trace = parseNhttpsnoop(output.stdout);
  // With -g nhttpsnoop traces every process, whatever -p says.
  const collections = trace.rows.filter(({ pid, probe }) => pid === target.pid && probe === "gc");
  await context.saveLines("gc.jsonl", collections.map(toLine));
  tellLosses(context, output, trace.unreadable);

  const longest = collections.toSorted((a, b) => b.latencyUs - a.latencyUs)[0];
  if (longest === undefined) throw new UnsupportedError(whyNothing(output));
  context.method(METHOD);
  const totalUs = collections.reduce((sum, { latencyUs }) => sum + latencyUs, 0);
  const share = totalUs / (windowMs * 10);
  await context.saveJson("summary.json", {
    windowMs,
    method: METHOD,
    gcCount: collections.length,
    gcTotalUs: totalUs,
    gcMaxUs: longest.latencyUs,
    gcSharePercent: share,
    gcLongestLine: longest.line,
  });
  return [];
}

/** dtrace(8) lists the probes of a process: `ID PROVIDER MODULE FUNCTION NAME`; it ends with 1 when there is none. */
async function requireProbe({ target, run }: CollectorContext<unknown>): Promise<void> {
  const provider = `node${target.pid}`;
  const { stdout, stderr } = await run(["dtrace", "-ln", `${provider}:::gc-start`], {
    as: "dtrace-probes.txt",
    accept: [1],
  });
  const has = stdout.split("\n").some((line) => {
    const columns = line.trim().split(/\s+/);
    return columns[1] === provider && columns.at(-1) === "gc-start";
  });
  if (has) return;
  if (/privilege|permission/i.test(stderr))
    throw new UnsupportedError(
      "GC share is unknown: DTrace needs the privileges dtrace_user and dtrace_proc",
    );
  throw new UnsupportedError(
    "GC share is unknown: the process has no gc-start probe (Node 19 and later have none)",
  );
}

/** nhttpsnoop ends with 0 even when dtrace failed: stderr decides. */
function whyNothing({ stderr }: CommandOutput): string {
  if (/failed to|dtrace: (?:error|invalid)/i.test(stderr))
    return "GC share is unknown: nhttpsnoop failed, see its stderr";
  return "GC share is unknown: no collection of this process was seen";
}

function tellLosses({ gap }: CollectorContext<unknown>, output: CommandOutput, unreadable: number): void {
  if (output.truncated) gap("the trace is cut: its GC share is a lower bound");
  if (/\b\d+ (?:\S+ )?drops?\b/.test(output.stderr))
    gap("DTrace dropped events: the GC share is a lower bound");
  if (unreadable > 0) gap(`${unreadable} lines of the trace are cut or cannot be read`);
}

function toLine({ endUs, latencyUs }: SnoopRow): Record<string, unknown> {
  return { endMs: endUs / 1000, durationMs: latencyUs / 1000 };
}
