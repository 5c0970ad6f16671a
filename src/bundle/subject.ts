// What a bundle is about, in a few words: the service or the process, what was run, or the files that were added.
import type { CaptureFile } from "./manifest.ts";

const NAMED = 3;

/** A command as one would type it. */
export function formatCommand(argv: readonly string[]): string {
  return argv
    .map((argument) =>
      /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`,
    )
    .join(" ");
}

/** Raw text of any length: `muskie@7.service`, `node`, `dtrace -n '...'`, `shot.png, core.24113 and 3 more`. */
export function subjectOf({
  target,
  command,
  added = [],
}: Pick<CaptureFile, "target" | "command" | "added">): string {
  if (target !== undefined) return target.service ?? target.command;
  if (command !== undefined) return formatCommand(command.argv);
  const names = added.slice(0, NAMED).map(({ from }) => from.replace(/^.*\//, "") || from);
  return `${names.join(", ")}${added.length > NAMED ? ` and ${added.length - NAMED} more` : ""}`;
}
