// The Linux half of the core collector: the chain. Each method is tried only when it is safe and fits what is left, and why
// one was not taken is kept: snapshot -> stop -> gdb -> none, and then the stacks are what there is.
import { CoreRefusal } from "../../core/core-helper.ts";
import { CommandError, ExhibitError, UnsupportedError } from "../../errors.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { estimateCore, type CoreMethod } from "./estimate.ts";
import { takeByGdb } from "./gdb.ts";
import { takeByHelper } from "./helper.ts";
import type { Instead } from "./instead.ts";
import { faultOf } from "./fits.ts";

type Context = CollectorContext<{ readonly method: CoreMethod }>;

const CHAIN = ["snapshot", "stop", "gdb"] as const;

/** Takes a core by the best method that works here. Throws what the last one said when none does. */
export async function takeOnLinux(context: Context): Promise<readonly Reading[]> {
  const { method } = context.options;
  const methods = CHAIN.filter((one) => method === "auto" || method === one);
  const instead: Instead[] = [];
  for (const one of methods) {
    try {
      if (one !== "gdb") return await takeByHelper(context, one, instead);
      // Asked for by name, it was held against the limits when the capture was planned.
      const fault =
        method === "auto" ? faultOf(estimateCore(context.target, "gdb"), await context.left()) : undefined;
      if (fault !== undefined) throw new CoreRefusal(fault);
      return await takeByGdb(context, instead);
    } catch (error) {
      if (!isRefusal(error)) throw told(error, instead);
      instead.push({ method: one, reason: error.message });
      if (context.signal.aborted) break;
    }
  }
  const reasons = wordsOf(instead);
  if (method === "gdb") throw new UnsupportedError(instead[0]?.reason ?? "gdb cannot take it");
  throw new CommandError(`no core of process ${context.target.pid}: ${reasons}`);
}

/** `snapshot, stop: the same reason; gdb: another`. */
function wordsOf(instead: readonly Instead[]): string {
  const methods = new Map<string, string[]>();
  for (const { method, reason } of instead) methods.set(reason, [...(methods.get(reason) ?? []), method]);
  return [...methods].map(([reason, names]) => `${names.join(", ")}: ${reason}`).join("; ");
}

/** The next method may still work. */
function isRefusal(error: unknown): error is CoreRefusal | UnsupportedError {
  return error instanceof CoreRefusal || error instanceof UnsupportedError;
}

function told(error: unknown, instead: readonly Instead[]): unknown {
  if (instead.length === 0 || !(error instanceof ExhibitError)) return error;
  return new CommandError(`${error.message} (${wordsOf(instead)})`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
