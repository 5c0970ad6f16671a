// Which units are armed: a small file each in /run, which a reboot empties. Its first line is when that ends, its second how
// long a stop waits for the evidence; a shell reads both (before-stop.ts), so that a unit that is not armed waits for
// nothing. The third is for us.
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errnoOf } from "../../errors.ts";
import { makeFolder, writeFileDurable } from "../../host/files.ts";

export const ARM_FOLDER = "/run/exhibit";

const ArmedUnit = z.strictObject({
  unit: z.string(),
  /** UTC. */
  untilAt: z.iso.datetime(),
  budgetMs: z.int().positive(),
  profile: z.string().optional(),
  reason: z.string().optional(),
  incidents: z.array(z.string()),
});
export type ArmedUnit = z.infer<typeof ArmedUnit>;

function armedFolder(folder: string): string {
  return join(folder, "armed");
}

/** Longer than the budget by what it takes to start. */
export function stopWaitMs({ budgetMs }: Pick<ArmedUnit, "budgetMs">): number {
  return budgetMs + 1000;
}

export async function writeArmedUnit(armed: ArmedUnit, folder = ARM_FOLDER): Promise<void> {
  await makeFolder(armedFolder(folder));
  const until = Math.floor(Date.parse(armed.untilAt) / 1000);
  const lines = [until, Math.ceil(stopWaitMs(armed) / 1000), JSON.stringify(armed)];
  await writeFileDurable(join(armedFolder(folder), armed.unit), `${lines.join("\n")}\n`);
}

/** Undefined when it is not armed, any more or at all; what cannot be read is not armed either. */
export async function readArmedUnit(
  unit: string,
  { folder = ARM_FOLDER, nowMs = Date.now() } = {},
): Promise<ArmedUnit | undefined> {
  const armed = await readMarker(join(armedFolder(folder), unit));
  return armed !== undefined && Date.parse(armed.untilAt) > nowMs ? armed : undefined;
}

/** False when it was not armed. */
export async function removeArmedUnit(unit: string, folder = ARM_FOLDER): Promise<boolean> {
  try {
    await rm(join(armedFolder(folder), unit));
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Those whose time is up too, by name. */
export async function listArmedUnits(folder = ARM_FOLDER): Promise<readonly ArmedUnit[]> {
  const names = await readdir(armedFolder(folder)).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
  const sorted = names.toSorted((one, other) => (one < other ? -1 : 1));
  const all = await Promise.all(sorted.map((name) => readMarker(join(armedFolder(folder), name))));
  return all.flatMap((armed) => (armed === undefined ? [] : [armed]));
}

async function readMarker(path: string): Promise<ArmedUnit | undefined> {
  try {
    const line = (await readFile(path, "utf8")).split("\n")[2] ?? "";
    return ArmedUnit.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
