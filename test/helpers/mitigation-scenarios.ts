// Mitigations that work, that do not, that make it worse, and of which nobody can say: a real service, a real COMMAND, and
// what `guard --after` must say of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GuardResult } from "../../src/commands/results/captures.ts";
import { openSandbox } from "./exhibit.ts";
import { processesWith } from "./processes-with.ts";
import { until } from "./until.ts";

type Verdict = NonNullable<GuardResult["after"]>["verdict"];

/** `pile`: connections that its peers have closed, and files it holds; by SIGUSR2 it gets three times as many connections. */
interface Service {
  readonly closeWaits: number;
  readonly files?: number;
}

export interface Scenario {
  readonly name: string;
  readonly before: Service;
  /** What runs after COMMAND; `same`: the same process; `none`: nothing does. */
  readonly after: Service | "same" | "grown" | "none";
  readonly byPid?: true;
  readonly expected: Verdict;
}

const HEALTHY: Service = { closeWaits: 0 };
const SICK: Service = { closeWaits: 60 };
const FULL: Service = { closeWaits: 0, files: 960 };

export const SCENARIOS: readonly Scenario[] = [
  { name: "a restart that helps", before: SICK, after: HEALTHY, expected: "fixed" },
  { name: "a restart that helps against full descriptors", before: FULL, after: HEALTHY, expected: "fixed" },
  { name: "a mitigation that does nothing", before: SICK, after: "same", expected: "not-fixed" },
  { name: "a restart into the same sickness", before: SICK, after: SICK, expected: "not-fixed" },
  { name: "a mitigation that makes more of it", before: SICK, after: "grown", expected: "worse" },
  { name: "a service that does not come back", before: SICK, after: "none", expected: "worse" },
  {
    name: "a process id with nothing to follow",
    before: SICK,
    after: "none",
    byPid: true,
    expected: "unknown",
  },
  { name: "a service of which nothing had stood out", before: HEALTHY, after: HEALTHY, expected: "unknown" },
];

/** SERVICE is JSON; the second argument is the tag it is found by. */
const SOURCE = `
const { closeWaits, files = 0 } = JSON.parse(process.argv[2]);
const net = require("node:net"), fs = require("node:fs");
for (let i = 0; i < files; i++) fs.openSync("/dev/null", "r");
const server = net.createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).resume());
server.listen(0, "127.0.0.1", () => {
  let left = 0;
  const ready = () => fs.writeFileSync(process.argv[3] + ".ready", String(process.pid));
  const pile = (count) => {
    left += count;
    for (let i = 0; i < count; i++)
      net.connect(server.address().port, "127.0.0.1", function () { this.end("bye"); if (--left === 0) setTimeout(ready, 100); });
  };
  process.on("SIGUSR2", () => pile(2 * closeWaits));
  if (closeWaits > 0) pile(closeWaits); else ready();
});
`;

/** A shell that waits for the file that says that a service is ready. */
const WAIT = "until [ -e TAG.ready ]; do sleep 0.05; done";

function mitigation({ after }: Scenario, start: (service: Service) => string, pid: number): string {
  const stop = `kill -9 ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.05; done; rm -f TAG.ready`;
  if (after === "same") return "true";
  if (after === "none") return stop;
  if (after === "grown") return `rm -f TAG.ready; kill -USR2 ${pid}; ${WAIT}`;
  return `${stop}; ${start(after)} & ${WAIT}`;
}

/** Runs one for real and returns what was said. */
export async function runScenario(scenario: Scenario): Promise<NonNullable<GuardResult["after"]>> {
  const box = openSandbox("capture: {window: 1s}\n");
  const tag = join(box.folder, "service");
  const script = join(box.folder, "service.cjs");
  writeFileSync(script, SOURCE);
  const words = (service: Service) => [script, JSON.stringify(service), tag] as const;
  const start = (service: Service) =>
    `ulimit -n 1024; ${process.execPath} ${words(service)
      .map((word) => `'${word}'`)
      .join(" ")} </dev/null >/dev/null 2>&1`;
  const child = spawn(
    "sh",
    ["-c", `ulimit -n 1024; exec "$@"`, "sh", process.execPath, ...words(scenario.before)],
    {
      stdio: "ignore",
    },
  );
  try {
    await once(child, "spawn");
    await until(() => existsSync(`${tag}.ready`), 20_000);
    const pid = child.pid ?? 0;
    const command = mitigation(scenario, start, pid).replaceAll("TAG", tag);
    // The shell of COMMAND has the tag in its arguments, too, and is no service.
    const target = scenario.byPid
      ? ["--pid", String(pid)]
      : ["--match", `^\\S*node ${script.replaceAll(".", "\\.")}`];
    const { stdout, stderr } = await box.runBeside([
      "guard",
      ...target,
      "--profile=quick",
      "--no-note",
      "--after=300ms",
      "--json",
      "--",
      "sh",
      "-c",
      command,
    ]);
    assert.ok(stdout !== "", stderr);
    const { after } = GuardResult.parse(JSON.parse(stdout));
    assert.ok(after !== undefined, stderr);
    return after;
  } finally {
    child.kill("SIGKILL");
    for (const left of processesWith(tag)) process.kill(Number.parseInt(left, 10), "SIGKILL");
    box.remove();
  }
}
