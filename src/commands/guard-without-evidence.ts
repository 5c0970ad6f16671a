// What a guard does when no evidence could be taken, and what it knows before there is a target.
import { ExhibitError, messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import type { GuardOptions } from "./capture-options.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { howItEnded, startCommand } from "./mitigation.ts";
import type { GuardResult } from "./results/captures.ts";

/** exhibit did not run COMMAND. */
export const NOT_RUN = 125;

/** What is known before a target is found. */
export interface Mitigating {
  readonly context: CommandContext<GuardOptions>;
  readonly argv: readonly [string, ...string[]];
  /** COMMAND must not run without evidence. */
  readonly required: boolean;
}

/** No evidence could be taken: said loudly, and COMMAND runs all the same, unless evidence was required. */
export async function withoutCapture(error: unknown, then: Mitigating): Promise<CommandResult> {
  const { context } = then;
  if (!(error instanceof ExhibitError))
    context.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
  tellNothingSaved(error, context);
  const capture: GuardResult["capture"] = { saved: false, reason: messageOf(error) };
  const argv = [...then.argv];
  if (then.required) {
    context.warn("exhibit: --require: COMMAND was not run");
    const json: GuardResult = { capture, command: { argv, notStarted: "--require: nothing was saved" } };
    return { exitCode: NOT_RUN, json };
  }
  const { startedAt, ended } = startCommand(then.argv, context);
  const end = await ended;
  const json: GuardResult = { capture, command: { argv, startedAt, ...howItEnded(end) } };
  return { exitCode: end.exitCode, json };
}

export function tellNothingSaved(error: unknown, context: CommandContext<GuardOptions>): void {
  context.warn(`exhibit: NOTHING WAS SAVED: ${printable(messageOf(error), 400)}`);
  if (error instanceof ExhibitError && error.hint) context.warn(`exhibit: ${printable(error.hint, 400)}`);
}
