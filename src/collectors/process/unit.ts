// What systemd says of the target's unit: how often it has restarted it by itself.
import { UNIT_PROPERTIES } from "../../parsers/systemctl-show.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

/** systemd.unit(5): the characters of a unit's name. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\@-]{1,255}$/;

/** Saves unit.txt; nothing for a target without a unit. */
export async function saveUnit(context: CollectorContext<unknown>): Promise<void> {
  const unit = context.target.service;
  if (unit === undefined || !UNIT_NAME.test(unit) || !(await context.has("systemctl"))) return;
  await tryRun(context, ["systemctl", "show", "-p", UNIT_PROPERTIES, "--", unit], { as: "unit.txt" });
}
