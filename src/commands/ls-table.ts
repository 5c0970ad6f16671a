// What both forms of `exhibit ls` share: what may be asked for, and how it is printed.
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import { layColumns } from "./style.ts";

export interface LsOptions {
  readonly incident: string | undefined;
  readonly host: string | undefined;
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly store: string | true | undefined;
}

/** `of INC-4211 on cn14 in that time `; empty when nothing was asked for. */
export function ofWhat({ incident, host, since, until }: LsOptions): string {
  return [
    incident === undefined ? "" : `of ${printable(incident)} `,
    host === undefined ? "" : `on ${printable(host)} `,
    since === undefined && until === undefined ? "" : "of that time ",
  ].join("");
}

/** With --quiet only the first column; nothing at all for no rows. */
export function tableOf(
  { global }: Pick<CommandContext<unknown>, "global">,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  if (rows.length === 0) return "";
  const lines = global.quiet ? rows.map(([id = ""]) => id) : layColumns([head, ...rows]);
  return `${lines.join("\n")}\n`;
}
