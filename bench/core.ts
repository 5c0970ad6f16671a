// npm run bench:core: a core by snapshot beside gcore + zstd -1, in turns on the same process. Both clocks: the tool's own,
// and the gap in the target's heartbeat. Sizes and rounds are flags, so that it can run small:
//   npm run bench:core -- --sizes 1000,4000 --targets c,node --pairs 5
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureGcore, measureSnapshot, startBenchTarget, type Measured } from "./core-measure.ts";
import { measureCaptureMemory, type PeakMemory } from "./core-memory.ts";
import { writeSection } from "./results.ts";
import { median } from "./statistics.ts";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "1000,4000" },
    targets: { type: "string", default: "c,node" },
    pairs: { type: "string", default: "5" },
    folder: { type: "string", default: tmpdir() },
    keep: { type: "boolean", default: false },
  },
});
const GOALS: Readonly<Record<string, string>> = {
  "c 1000": "1/15",
  "c 4000": "1/25",
  "node 1000": "1/10",
  "node 4000": "1/10",
};
const folder = mkdtempSync(join(values.folder, "exhibit-bench-core-"));
const rows: string[] = [];
const load: number[] = [];

const spread = (all: readonly number[], digits = 0) =>
  `${median(all).toFixed(digits)} (${all.map((one) => one.toFixed(digits)).join(" ")})`;
const cell = (all: readonly Measured[], pick: (one: Measured) => number, digits = 0) =>
  spread(all.map(pick), digits);

try {
  for (const kind of values.targets.split(","))
    for (const size of values.sizes.split(",")) {
      const target = await startBenchTarget(kind, Number(size), folder);
      const gcore: Measured[] = [];
      const snapshot: Measured[] = [];
      const forks: number[] = [];
      let whole: PeakMemory | undefined;
      try {
        for (let pair = 0; pair < Number(values.pairs); pair++) {
          load.push(loadavg()[0] ?? 0);
          gcore.push(await measureGcore(target, folder));
          snapshot.push(await measureSnapshot(target, folder));
          if (target.fork) forks.push(await target.fork());
          process.stderr.write(`\r${kind} ${size} MB: pair ${pair + 1} `);
        }
        whole = await measureCaptureMemory(target.pid, folder);
      } finally {
        target.end();
      }
      const ratio = (pick: (one: Measured) => number) => median(gcore.map(pick)) / median(snapshot.map(pick));
      rows.push(
        `\n**${kind}, ${size} MB** (${target.threads} threads)\n`,
        "| | gcore + zstd -1 | snapshot | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
        `| longest gap in the heartbeat, ms | ${cell(gcore, (one) => one.gapMs)} | ${cell(snapshot, (one) => one.gapMs)} | 1/${ratio((one) => one.gapMs).toFixed(1)} | ${GOALS[`${kind} ${size}`] ?? ""} |`,
        `| pause by the tool's clock, ms | ${cell(gcore, (one) => one.pauseMs)} | ${cell(snapshot, (one) => one.pauseMs)} | 1/${ratio((one) => one.pauseMs).toFixed(1)} | |`,
        ...(forks.length === 0
          ? []
          : [
              `| a fork(2) by the program itself, ms | | ${spread(forks)} | 1/${(median(gcore.map((one) => one.gapMs)) / median(forks)).toFixed(1)} | |`,
            ]),
        `| total, s | ${cell(gcore, (one) => one.totalMs / 1000, 1)} | ${cell(snapshot, (one) => one.totalMs / 1000, 1)} | ${(1 / ratio((one) => one.totalMs)).toFixed(2)} | ${Number(size) >= 4000 ? "0.8" : "1.1"} |`,
        `| then checking it, s, which gcore does not | | ${cell(snapshot, (one) => one.checkMs / 1000, 1)} | | |`,
        `| scratch, MB | ${cell(gcore, (one) => one.scratchBytes / 1e6)} | ${cell(snapshot, (one) => one.scratchBytes / 1e6)} | | 0 |`,
        `| total and check, s | ${cell(gcore, (one) => one.totalMs / 1000, 1)} | ${cell(snapshot, (one) => (one.totalMs + one.checkMs) / 1000, 1)} | ${(1 / ratio((one) => one.totalMs + one.checkMs)).toFixed(2)} | |`,
        `| peak memory of helper and zstd, MB | | ${cell(snapshot, (one) => one.peakBytes / 1e6)} | | |`,
        `| peak memory of a whole \`exhibit capture\`, MB: resident; shared pages counted once | | ${(whole.residentBytes / 1e6).toFixed(0)}; ${(whole.proportionalBytes / 1e6).toFixed(0)} | | 150 |`,
        `| the core, compressed, MB | ${cell(gcore, (one) => one.storedBytes / 1e6)} | ${cell(snapshot, (one) => one.storedBytes / 1e6)} | | |`,
      );
    }
} finally {
  if (!values.keep) rmSync(folder, { recursive: true });
}
const conditions = `${availableParallelism()} cores, Node ${process.version}, load average ${median(load).toFixed(1)} (${Math.max(...load).toFixed(1)} at most), ${values.pairs} pairs in turns, medians (all runs)`;
writeSection("core", `${conditions}.\n${rows.join("\n")}\n`);
