// npm run bench:core-kill: SIGKILL of the helper that takes a core, at 1,000 random moments, half of them around the pause.
//   npm run bench:core-kill -- --kills 1000
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killCores } from "../test/helpers/core-kills.ts";
import { compile, startCoreTarget } from "../test/helpers/core-target.ts";
import { HELPER } from "../test/helpers/take-core.ts";
import { record } from "./results.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "1000" }, span: { type: "string", default: "80" } },
});
const { program, remove } = compile("target");
const folder = mkdtempSync(join(tmpdir(), "exhibit-kills-"));
const target = await startCoreTarget(program, ["64"]);
try {
  const result = await killCores(target, Number(values.kills), {
    folder,
    spanMs: Number(values.span),
    program: HELPER,
    onRound: (round) => process.stderr.write(`\r${round + 1} `),
  });
  process.stderr.write("\n");
  record(
    "core-kill",
    `${availableParallelism()} cores, Node ${process.version}, a C program of 64 MB with 8 threads that watches its own registers, SIGKILL of the helper up to ${values.span} ms after the pause began`,
    [
      [
        "kills",
        `${result.kills}, of which ${result.inPause} before the helper had told that the snapshot stands`,
        "",
      ],
      ["targets dead", String(result.dead), "0"],
      ["targets left stopped", String(result.stopped), "0"],
      ["changed VmFlags", String(result.changedFlags), "0"],
      ["instructions of the target run by a copy", String(result.strayed), "0"],
      ["registers or system calls of the target disturbed", String(result.wrongRegisters), "0"],
      ["copies left alive", String(result.livingCopies), "0"],
    ],
  );
} finally {
  target.end();
  remove();
  rmSync(folder, { recursive: true });
}
