// npm run bench:peers: exhibit beside what people use today, on the same sick process, in interleaved rounds: what each
// costs, how long each stops the target, and what is then found in the results.
//
//   npm run bench:peers                  5 rounds
//   npm run bench:peers -- --rounds 9
//   npm run bench:peers -- --detail      also where in each result of the last round each thing was found
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contenders, unpack, type Contender } from "./peers-contenders.ts";
import { checkEvidence, type Check } from "./peers-evidence.ts";
import { measure, type Measured } from "./peers-measure.ts";
import { evidenceTable, measureTable, ratioTable, type Rounds } from "./peers-table.ts";
import { ensurePeers, versions } from "./peers-tools.ts";
import { startSickTarget, type SickTarget } from "./peers-target.ts";
import { writeSection } from "./results.ts";
import { median } from "./statistics.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, detail: { type: "boolean", default: false } },
});

/** One contender, once: run it, look into what it left, and remove that. */
async function runOnce(
  contender: Contender,
  target: SickTarget,
  folder: string,
): Promise<readonly [Measured, readonly Check[]]> {
  const incident = `INC-${Math.floor(Math.random() * 9000) + 1000}`;
  const reason = `upstream connections dead, restarting (${incident})`;
  const { facts } = target;
  const request = { pid: facts.pid, incident, reason, folder };
  const measured = await measure(contender, request, target);
  const { result } = measured;
  const unpacked = unpack(result, join(folder, "unpacked"));
  const records = join(folder, "incidents");
  const checks = await checkEvidence({ facts, folder: unpacked, result, incident, reason, records });
  rmSync(folder, { recursive: true });
  return [measured, checks];
}

/** What the two instruments say when nothing is done to the target. */
async function noise(target: SickTarget): Promise<string> {
  await target.longestGapMs();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  return `${(await target.longestGapMs()).toFixed(0)} ms`;
}

function describe(target: SickTarget, all: readonly Rounds[], quiet: string): string {
  const { facts } = target;
  const loads = all.flatMap(({ measured }) => measured.map(({ load }) => load));
  const looks = all.flatMap(({ measured }) => measured.map(({ samplerGapMs }) => samplerGapMs));
  const model = cpus()[0]?.model ?? "unknown processor";
  return [
    `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 1024 ** 3)} GiB, Linux ${release()}, Node ${process.version}.`,
    `Load before a run: median ${median(loads).toFixed(1)}, ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}.`,
    `Target: a Node HTTP server, ${facts.residentMb.toFixed(0)} MB resident, ${facts.threadIds.length} threads, ${facts.closeWaits} connections in CLOSE_WAIT, a log.`,
    `${all[0]?.measured.length} rounds, the order turned by one each round, \`sync\` before each run.`,
    `Left alone for 5 s, the target's beat of 5 ms showed a silence of ${quiet}; the sampler looked every 5 ms, its longest gap in a run was ${median(looks).toFixed(0)} ms (median; at most ${Math.max(...looks).toFixed(0)}).`,
  ].join("\n");
}

const NOTES = `How to read it. exhibit watches for 5 s and the hand script for 4 s (top -n 5 -d 1), by design; sos does not watch: it
takes one look at every process of the host, so its cost grows with the host, and this one runs few processes. The time
until a restart could start is when exhibit has all evidence on disk (packing, sealing and upload come afterwards;
counted from the start of the capture, without Node's own start); with the others it is their end. The size of exhibit's
result counts the zip and the single files that are in it; what it writes on the way holds two copies, the spool and the
archive.

What is in the results was looked for by code (bench/peers-evidence.ts), which searches the unpacked files for what is
true of the target: its threads, a string of its heap, the port and inode of a dead connection and the bytes not read
from it, a line of its log, its start time. The five kinds are those of RFD 124. "no" in exhibit's columns is meant:
quick takes no core; the share of time in garbage collection is not taken on Linux in this version; nothing is compared
after the restart. The hand script has the path of the log but none of its lines. sos 4.0 writes down how long each
command took, not when; later versions do.
`;

ensurePeers();
const folder = mkdtempSync(join(tmpdir(), "exhibit-peers-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const dist = new URL("../dist", import.meta.url).pathname;
if (!existsSync(join(dist, "cli.js"))) throw new Error("dist/cli.js is missing: npm run build");
// A copy: somebody may build while this runs.
cpSync(dist, join(folder, "dist"), { recursive: true });
const cli = join(folder, "dist/cli.js");

const target = await startSickTarget(folder);
process.on("exit", target.end);
const all = contenders(cli).map((contender) => ({
  contender,
  measured: [] as Measured[],
  checks: [] as (readonly Check[])[],
}));
const quiet = await noise(target);
for (let round = 0; round < Number(values.rounds); round++)
  for (let turn = 0; turn < all.length; turn++) {
    const one = all[(round + turn) % all.length];
    if (one === undefined) continue;
    const load = (loadavg()[0] ?? 0).toFixed(1);
    process.stderr.write(`round ${round + 1} of ${values.rounds}, load ${load}: ${one.contender.name}\n`);
    const [measured, checks] = await runOnce(one.contender, target, join(folder, `${round}-${turn}`));
    one.measured.push(measured);
    one.checks.push(checks);
  }

const rounds = all.map(({ contender, measured, checks }) => ({ name: contender.name, measured, checks }));
const isOurs = (_: unknown, index: number) => all[index]?.contender.ours === true;
if (values.detail)
  for (const { name, checks } of rounds)
    for (const { what, found } of checks.at(-1) ?? [])
      process.stderr.write(`${name}: ${what}: ${found?.replace(folder, "") ?? "-"}\n`);
writeSection(
  "peers",
  [
    describe(target, rounds, quiet),
    `Versions: ${versions(cli)}.`,
    measureTable(rounds),
    ratioTable(
      rounds.filter(isOurs),
      rounds.filter((_, index) => !isOurs(_, index)),
    ),
    evidenceTable(rounds),
    NOTES.trim(),
  ].join("\n\n"),
);
process.exit(0);
