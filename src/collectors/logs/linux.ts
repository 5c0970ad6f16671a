// The Linux half of the logs collector: the unit's journal, and the end of the log files that the target has open.
import { UnsupportedError } from "../../errors.ts";
import type { CollectorContext } from "../collector.ts";
import { saveOpenLogs } from "./open-logs.ts";

/** systemd.unit(5): the characters of a unit's name. A name with `*`, `?` or `[` would be a pattern to journalctl. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\@-]{1,255}$/;

export interface LogOptions {
  readonly lines: number;
  readonly sinceMinutes: number;
  readonly tailBytes: number;
  readonly maxFiles: number;
}

/** Throws UnsupportedError when the target has neither a journal that could be asked nor a log file. */
export async function saveLinuxLogs(context: CollectorContext<LogOptions>): Promise<void> {
  const hasJournal = await saveJournal(context);
  const found = await saveOpenLogs(context);
  if (!hasJournal && found === 0)
    throw new UnsupportedError("it belongs to no unit with a journal, and has no log file open for writing");
}

/** False when there is no journal of it to ask for. */
async function saveJournal(context: CollectorContext<LogOptions>): Promise<boolean> {
  const { target, options } = context;
  const unit = target.service;
  if (unit === undefined) return false;
  if (!(await context.has("journalctl"))) {
    context.gap("journalctl is not on this host");
    return false;
  }
  if (!UNIT_NAME.test(unit)) {
    context.gap("the journal was not asked: its unit's name is not one that systemd allows");
    return false;
  }
  const { stderr } = await context.run(
    [
      "journalctl",
      `--unit=${unit}`,
      `--since=-${options.sinceMinutes}min`,
      `--lines=${options.lines}`,
      "--output=short-iso-precise",
      "--no-pager",
    ],
    { as: "journal.txt" },
  );
  // journalctl says so on stderr and ends with 0 (systemd-journald.service(8), ACCESS CONTROL).
  if (/not seeing messages|insufficient permissions/i.test(stderr))
    context.gap(
      "the journal cannot be read in full by this user: run as root or in the group systemd-journal",
    );
  if (/no journal files were found/i.test(stderr)) context.gap("no journal files were found on this host");
  return true;
}
