// The illumos half of the core collector.
import { fileProblems } from "../../core/core-check.ts";
import { readCoreFile } from "../../core/elf-core.ts";
import { CommandError } from "../../errors.ts";
import { parseGcore } from "../../parsers/gcore.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { coreReading } from "./readings.ts";

type Context = CollectorContext<unknown>;

/** Stops the target while gcore writes its core, then looks at the file. */
export async function takeByGcore(context: Context): Promise<readonly Reading[]> {
  const { target } = context;
  context.method("gcore");

  // gcore puts the pid behind the name itself, and takes % as the start of a token (gcore(1), coreadm(8)).
  const name = `core.${target.pid}`;
  const path = await context.reserve(name, "core");
  const stem = path.slice(0, -`.${target.pid}`.length).replaceAll("%", "%%");
  const command = { as: "gcore.txt", accept: [1], stopsTarget: true };
  const output = await context.run(["gcore", "-o", stem, String(target.pid)], command);
  const gcore = parseGcore(`${output.stdout}\n${output.stderr}`);
  const core = await readCoreFile(path);
  const refusal = gcore.refused[0]?.reason ?? gcore.failed[0]?.reason;
  if (core === undefined)
    throw new CommandError(`gcore: no core of process ${target.pid}: ${refusal ?? "it does not say why"}`);

  const problems = fileProblems(core);
  if (refusal !== undefined) problems.push(`gcore could not write all of it: ${refusal}`);
  if (!gcore.dumped.includes(path)) problems.push("gcore does not say that it wrote the core");
  await context.saveJson("core.json", {
    method: "gcore",
    file: name,
    open: `mdb ${name}`,
    sizeBytes: core.sizeBytes,
    neededBytes: core.contents?.neededBytes,
    segments: core.contents?.segments,
    memoryBytes: core.contents?.memoryBytes,
    complete: problems.length === 0,
    problems,
  });
  for (const problem of problems) context.gap(problem);
  return problems.length > 0 ? [] : [coreReading(core.sizeBytes, { method: "gcore", threads: undefined })];
}
