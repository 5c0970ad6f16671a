// exhibit arm: capture before any restart of a unit, whoever restarts it, for some hours.
import { armUnit, disarmExpired, disarmUnit } from "../agent/arm/arm-unit.ts";
import { listArmedUnits, type ArmedUnit } from "../agent/arm/armed-unit.ts";
import { findProfile } from "../capture/choose.ts";
import { UsageError } from "../errors.ts";
import { printable } from "../printable.ts";
import type { ArmOptions } from "./arm-options.ts";
import { readBudget, readDuration } from "./capture-request.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { readSettings } from "./read-settings.ts";
import type { ArmResult } from "./results/setup.ts";

const LONGEST_MS = 7 * 24 * 3_600_000;

export async function run(context: CommandContext<ArmOptions>): Promise<CommandResult> {
  const unit = context.positionals[0];
  const { options } = context;
  if (unit === undefined) {
    const expired = await disarmExpired();
    return told((await listArmedUnits()).filter((armed) => !expired.includes(armed.unit)));
  }
  if (options.off) {
    const was = await disarmUnit(unit);
    context.say(`exhibit: ${printable(unit)} ${was ? "is not armed any more" : "was not armed"}`);
    return { exitCode: 0, json: { armed: [...(await listArmedUnits())] } satisfies ArmResult };
  }
  const forMs = readDuration("--for", options.for ?? "1h");
  if (forMs < 1000 || forMs > LONGEST_MS)
    throw new UsageError(`--for ${options.for}: expected 1s to ${LONGEST_MS / 3_600_000}h`);
  const loaded = await readSettings(context);
  if (options.profile !== undefined) findProfile(loaded.settings, options.profile);
  const armed = await armUnit(unit, {
    forMs,
    budgetMs: readBudget(options, loaded),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.reason === undefined ? {} : { reason: printable(options.reason, 2000) }),
    incidents: options.incident.map((incident) => printable(incident)),
    config: context.global.config,
  });
  return told([armed]);
}

function told(armed: readonly ArmedUnit[]): CommandResult {
  const lines = armed.map(
    ({ unit, untilAt, budgetMs, incidents }) =>
      `${unit}  until ${untilAt}  a stop waits at most ${Math.floor(budgetMs / 1000) + 1} s${incidents.length > 0 ? `  ${printable(incidents.join(", "))}` : ""}\n`,
  );
  const text = lines.length === 0 ? "nothing is armed\n" : lines.join("");
  return { exitCode: 0, text, json: { armed: [...armed] } satisfies ArmResult };
}
