// From --hosts and --inventory to the hosts that are meant.
import { readFile } from "node:fs/promises";
import { ExhibitError, messageOf, UsageError } from "../errors.ts";
import { namedHost, readNames, uniqueHosts, type HostList } from "../fleet/hosts.ts";
import { chooseHosts, readInventory } from "../fleet/inventory.ts";
import { openDeadline } from "../host/deadline.ts";
import { run } from "../host/run.ts";
import { printable } from "../printable.ts";
import type { CommandContext } from "./command.ts";
import type { FleetOptions } from "./fleet-options.ts";

const INVENTORY_MS = 60_000;
const LIMIT_BYTES = 64 * 1024 ** 2;

/** More hosts than this are asked about. */
export const MANY = 8;

/** Throws UsageError; each fault is one line and what to do. */
export async function readHosts(
  context: Pick<CommandContext<Pick<FleetOptions, "hosts" | "inventory">>, "options" | "stdin">,
): Promise<HostList> {
  const { hosts, inventory } = context.options;
  const names: string[] = [];
  for (const word of hosts) names.push(...(await namesOf(word, context)));
  if (hosts.length > 0 && names.length === 0) throw new UsageError("--hosts names no hosts");
  if (inventory === undefined) return uniqueHosts(names.map(namedHost));
  const where = `--inventory ${printable(inventory, 80)}`;
  const known = readInventory(await outputOf(inventory, where), where);
  return uniqueHosts(chooseHosts(known, names, where));
}

async function namesOf(
  word: string,
  { stdin }: Pick<CommandContext<unknown>, "stdin">,
): Promise<readonly string[]> {
  if (word === "-") {
    const chunks: string[] = [];
    for await (const chunk of stdin()) chunks.push(String(chunk));
    return readNames(chunks.join(""), "--hosts - (stdin)");
  }
  if (!word.startsWith("@")) return readNames(word, "--hosts");
  const path = word.slice(1);
  try {
    return readNames(await readFile(path, "utf8"), `--hosts ${printable(word, 80)}`);
  } catch (error) {
    if (error instanceof ExhibitError) throw error;
    throw new UsageError(`--hosts ${printable(word, 80)}: cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** It is a line of the operator's own, as he would give it to his shell, in his folder. */
async function outputOf(command: string, where: string): Promise<string> {
  const deadline = openDeadline(INVENTORY_MS);
  const outcome = await run({
    argv: ["sh", "-c", command],
    folder: process.cwd(),
    inherit: Object.keys(process.env),
    signal: deadline.signal,
    limitBytes: LIMIT_BYTES,
  }).finally(deadline.close);
  if (outcome.endedBy === "deadline") throw new UsageError(`${where}: has not ended within a minute`);
  if (outcome.endedBy !== undefined) throw new UsageError(`${where}: prints more than 64 MB`);
  if (outcome.exitCode !== 0) {
    const said = printable(outcome.stderr.trim().split("\n").at(-1) ?? "", 200);
    const how = outcome.exitCode === undefined ? "was ended by a signal" : `exit ${outcome.exitCode}`;
    throw new UsageError(`${where}: ${how}${said === "" ? "" : `: ${said}`}`);
  }
  return outcome.stdout.toString("utf8");
}
