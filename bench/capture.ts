// npm run bench:capture: how soon the first look is on disk, and how well the budget holds, on a host that is busy beyond
// reason: 30 busy loops beside us. Also start-up and memory. Prints medians, percentiles and ratios.
//
//   npm run bench:capture                everything
//   npm run bench:capture -- --runs 10   fewer runs of each
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { record } from "./results.ts";
import { median, percentile } from "./statistics.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "50" }, loops: { type: "string", default: "30" } },
});
const runs = Number(values.runs);
const loops = Number(values.loops);
const cli = new URL("../dist/cli.js", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "exhibit-bench-"));
const settings = join(folder, "exhibit.yaml");
writeFileSync(
  settings,
  `version: 1\nstore: {default: {type: directory, path: ${folder}/archive}}\nspool: {path: ${folder}/spool, keepFree: 1%}\n`,
  { mode: 0o600 },
);

const children: ChildProcess[] = [];
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

/** A Node HTTP server with some connections: an ordinary target. */
function startTarget(): number {
  const program = `require("node:http").createServer((_, r) => r.end("ok")).listen(0); setInterval(() => JSON.stringify(process.memoryUsage()), 50);`;
  const child = spawn(process.execPath, ["-e", program], { stdio: "ignore" });
  children.push(child);
  return child.pid ?? 0;
}

function startLoad(): void {
  for (let loop = 0; loop < loops; loop++)
    load.push(spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
  children.push(...load);
}

interface Run {
  readonly firstLookMs: number;
  readonly commandMs: number;
  readonly exitCode: number | null;
  /** Collectors that ended ok. */
  readonly complete: number;
  readonly of: number;
}

const load: ChildProcess[] = [];

/** Stops or continues the busy loops: they are there for what is measured, not for the sealing afterwards. */
function setLoad(signal: "SIGSTOP" | "SIGCONT"): void {
  for (const loop of load) loop.kill(signal);
}

/** One `guard --budget 5s`; COMMAND writes when it began, on the clock that we read too. */
async function guardOnce(pid: number): Promise<Run> {
  const began = join(folder, "began");
  rmSync(began, { force: true });
  setLoad("SIGCONT");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const start = Date.now();
  const command = ["sh", "-c", `date +%s.%N >${began}.new; mv ${began}.new ${began}`];
  const words = [
    cli,
    "guard",
    "--pid",
    String(pid),
    "--budget",
    "5s",
    "--config",
    settings,
    "--quiet",
    "--",
    ...command,
  ];
  const guard = spawn(process.execPath, words, { stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => guard.once("exit", resolve));
  while (!existsSync(began)) await new Promise((resolve) => setTimeout(resolve, 20));
  setLoad("SIGSTOP");
  const exitCode = await ended;
  const commandMs = Number(readFileSync(began, "utf8")) * 1000 - start;
  const spool = join(folder, "spool");
  const captureId =
    readdirSync(spool)
      .filter((name) => /^\d{8}T.*[0-9a-f]{6}$/.test(name))
      .toSorted()
      .at(-1) ?? "";
  const manifest = JSON.parse(readFileSync(join(spool, captureId, "manifest.json"), "utf8"));
  const first = manifest.collectors.find((one: { name: string }) => one.name === "first-look");
  const complete = manifest.collectors.filter((one: { status: string }) => one.status === "ok").length;
  rmSync(join(spool, captureId), { recursive: true });
  return { firstLookMs: first.durationMs, commandMs, exitCode, complete, of: manifest.collectors.length };
}

/** CPU seconds of a command, children included, by the shell's own clock. */
function cpuMs(argv: readonly string[]): number {
  const before = process.resourceUsage();
  const timed = spawnSync(
    "bash",
    ["-c", 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>/dev/null', "x", ...argv],
    { encoding: "utf8" },
  );
  void before;
  const [user = "0", system = "0"] = timed.stderr.trim().split("\n").at(-1)?.split(" ") ?? [];
  return (Number(user) + Number(system)) * 1000;
}

function startUp(): { readonly ratio: number; readonly version: number; readonly node: number } {
  const version: number[] = [];
  const node: number[] = [];
  for (let round = 0; round < 21; round++) {
    node.push(cpuMs([process.execPath, "-e", "0"]));
    version.push(cpuMs([process.execPath, cli, "--version"]));
  }
  return { ratio: median(version) / median(node), version: median(version), node: median(node) };
}

/** The largest resident memory of a command, in MiB: VmHWM, looked at while it runs. */
function peakMb(argv: readonly string[]): number {
  const timed = spawnSync(
    "bash",
    [
      "-c",
      'exec 3>&2; "$@" >/dev/null 2>/dev/null & p=$!; m=0; while kill -0 $p 2>/dev/null; do r=$(sed -n "s/VmHWM:[^0-9]*\\([0-9]*\\) kB/\\1/p" /proc/$p/status 2>/dev/null); [ "${r:-0}" -gt $m ] && m=$r; sleep 0.05; done; echo $m',
      "x",
      ...argv,
    ],
    { encoding: "utf8" },
  );
  return Number(timed.stdout.trim()) / 1024;
}

/** Largest resident memory of `capture --profile quick` over that of `node -e 0`. */
function memory(pid: number): { readonly addedMb: number } {
  const own = peakMb([
    process.execPath,
    cli,
    "capture",
    "--pid",
    String(pid),
    "--profile",
    "quick",
    "--config",
    settings,
    "--budget",
    "5s",
  ]);
  const bare = peakMb([process.execPath, "-e", "setTimeout(() => {}, 300)"]);
  return { addedMb: own - bare };
}

const start = startUp();
const target = startTarget();
await new Promise((resolve) => setTimeout(resolve, 500));
const added = memory(target);
startLoad();
await new Promise((resolve) => setTimeout(resolve, 2000));
const results: Run[] = [];
for (let index = 0; index < runs; index++) {
  results.push(await guardOnce(target));
  process.stderr.write(`\r${index + 1} of ${runs}`);
}
process.stderr.write("\n");
const firstLook = results.map(({ firstLookMs }) => firstLookMs);
const overrun = results.map(({ commandMs }) => commandMs - 5000);

record(
  "capture",
  `${availableParallelism()} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version}, ${loops} busy loops beside it, ${runs} runs of guard --budget 5s`,
  [
    ["first look on disk, p50", `${median(firstLook).toFixed(0)} ms`, ""],
    ["first look on disk, p95", `${percentile(firstLook, 0.95).toFixed(0)} ms`, "<= 250 ms"],
    ["COMMAND started after the budget, largest", `${Math.max(...overrun).toFixed(0)} ms`, "<= 250 ms (5 %)"],
    ["COMMAND started after the budget, median", `${median(overrun).toFixed(0)} ms`, ""],
    [
      "COMMAND's exit status was not ours to change",
      `${results.filter(({ exitCode }) => exitCode === 0).length} of ${runs}`,
      "all",
    ],
    [
      "CPU of --version over node -e 0, idle",
      `${start.ratio.toFixed(2)} x (${start.version.toFixed(0)} / ${start.node.toFixed(0)} ms)`,
      "<= 1.4 x",
    ],
    ["memory added by capture --profile quick, idle", `${added.addedMb.toFixed(0)} MB`, "<= 150 MB"],
  ],
);
process.exit(0);
