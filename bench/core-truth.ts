// npm run bench:core-truth: is a core of one instant, and is all of it there? A Node that allocates all the time beside a busy
// loop: each copy is held against its target, byte for byte, while both stand, and each core's areas against those the target
// had in its pause. A C program whose thread writes pairs of pages: each core is looked through for a pair that no instant can
// have had; the same look at the running process shows that it would find one.
//   npm run bench:core-truth -- --rounds 100
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { verifyStream } from "../src/core/verify-stream.ts";
import { openSystem } from "../src/core/ptrace/system.ts";
import { openCore } from "../test/helpers/core-file.ts";
import { compile, startCoreTarget, startTimeOf, type CoreTarget } from "../test/helpers/core-target.ts";
import { brokenPairs, compareCopy, isOneInstant, startBusyNode } from "../test/helpers/one-instant.ts";
import { takeCore } from "../test/helpers/take-core.ts";
import { record } from "./results.ts";
import { median } from "./statistics.ts";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "100" } } });
const rounds = Number(values.rounds);
const folder = mkdtempSync(join(tmpdir(), "exhibit-core-truth-"));
const ZSTD = ["zstd", "-1", "-q", "--check", "-c"] as const;

async function measureNode() {
  const { pid, end } = await startBusyNode(100_000);
  const loop = spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" });
  const system = await openSystem();
  const path = join(folder, "node.zst");
  const request = { pid, startTime: startTimeOf(pid), method: "snapshot", path, through: [ZSTD] } as const;
  const seen = {
    same: 0,
    whole: 0,
    areas: [] as number[],
    megabytes: [] as number[],
    marked: [] as number[],
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const compared = compareCopy(system, pid);
      if (isOneInstant(compared)) seen.same++;
      else process.stderr.write(`copy ${round}: ${JSON.stringify(compared)}\n`);
      seen.areas.push(compared.areas);
      seen.megabytes.push(compared.bytes / 1e6);
      seen.marked.push(compared.forkableAreas);

      const { standing, complete } = await takeCore(request);
      const { headBytes } = complete;
      const verified = await verifyStream(path, { headBytes, threads: standing.threads });
      const problems = [...complete.problems, ...(complete.remarks ?? []), ...verified.problems];
      if (problems.length === 0) seen.whole++;
      else process.stderr.write(`core ${round}: ${problems.join("; ")}\n`);
      rmSync(path);
      process.stderr.write(`\rnode ${round + 1} `);
    }
  } finally {
    end();
    loop.kill("SIGKILL");
  }
  return seen;
}

/** As a tool would see it that does not stop the process. */
function pairsWhileRunning({ pid, told }: CoreTarget): readonly string[] {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const bytes = Buffer.alloc(8);
  const broken = brokenPairs(told.pairs, (address) => {
    readSync(memory, bytes, 0, 8, address);
    return Buffer.from(bytes);
  });
  closeSync(memory);
  return broken;
}

async function measureC() {
  const { program, remove } = compile("target");
  const target = await startCoreTarget(program, ["8"]);
  const seen = { kept: 0, brokenWhileRunning: 0 };
  try {
    for (let round = 0; round < rounds; round++) {
      const path = join(folder, "c");
      if (pairsWhileRunning(target).length > 0) seen.brokenWhileRunning++;
      const { complete } = await takeCore({
        pid: target.pid,
        startTime: target.startTime,
        method: "snapshot",
        path,
      });
      const core = openCore(path);
      const problems = [
        ...complete.problems,
        ...brokenPairs(target.told.pairs, (address) => core.bytes(address, 8)),
      ];
      core.close();
      rmSync(path);
      if (problems.length === 0) seen.kept++;
      else process.stderr.write(`core ${round}: ${problems.join("; ")}\n`);
      process.stderr.write(`\rc ${round + 1} `);
    }
  } finally {
    target.end();
    remove();
  }
  return seen;
}

try {
  const node = await measureNode();
  const load = loadavg()[0] ?? 0;
  const c = await measureC();
  const of = (count: number) => `${count} of ${rounds}`;
  const all = `${rounds} of ${rounds}`;
  record(
    "core-truth",
    `${availableParallelism()} cores, Node ${process.version}, load average ${load.toFixed(1)}: a Node of ${median(node.megabytes).toFixed(0)} MB in ${median(node.areas).toFixed(0)} areas that allocates all the time beside a busy loop (medians; ${Math.min(...node.marked)} to ${Math.max(...node.marked)} areas of its heap are marked MADV_DONTFORK); a C program that writes pairs of pages`,
    [
      ["copies of the Node with every area of that instant, byte for byte", of(node.same), all],
      ["its cores with every area it had in the pause, decoded and counted", of(node.whole), all],
      ["cores of the C program in which every pair is of one instant", of(c.kept), all],
      ["the same look at the running program finds a torn pair", of(c.brokenWhileRunning), "> 0"],
    ],
  );
} finally {
  rmSync(folder, { recursive: true });
}
