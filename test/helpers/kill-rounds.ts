// Kills exhibit at random moments and looks at what is left: the test and the benchmark share it. After each kill the next
// command must seal the bundle, the bundle must verify, and the target must run.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { processesOf } from "./afterwards.ts";
import { openSandbox, stateOf, type Sandbox } from "./exhibit.ts";
import { until } from "./until.ts";

export interface KillResult {
  readonly kills: number;
  /** Kills after which there was a bundle in the spool. */
  readonly bundles: number;
  readonly sealed: number;
  readonly verified: number;
  readonly leftStopped: number;
  readonly targetsDead: number;
  readonly strays: number;
  /** What a bundle said of itself: `interrupted`, or complete or partial when the kill came after the seal. */
  readonly states: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

function startTarget(): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn(
    process.execPath,
    [
      "--inspect-port=0",
      "-e",
      "setInterval(() => JSON.stringify(process.memoryUsage()), 20); console.log('up')",
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  return new Promise((resolve) => child.stdout.once("data", () => resolve({ child, pid: child.pid ?? 0 })));
}

const isRunning = (pid: number) => !["T", "t", undefined].includes(stateOf(pid));

/** Whether it comes true in time: a slow host gets more than the half second that the guardian needs at most. */
const soon = (condition: () => boolean) =>
  until(condition, 10_000).then(
    () => true,
    () => false,
  );

/**
 * Kills with SIGKILL, at a moment spread evenly over the whole run, the pauses for stacks and core included. A round waits more than
 * it works: with `beside` several go on at once, each with a target and a spool of its own. `settings` as openSandbox() takes them.
 */
export async function killRounds(
  rounds: number,
  options: {
    readonly onRound?: (round: number) => void;
    readonly beside?: number;
    readonly settings?: string;
  } = {},
): Promise<KillResult> {
  const result = { kills: 0, bundles: 0, sealed: 0, verified: 0, leftStopped: 0, targetsDead: 0, strays: 0 };
  const states: Record<string, number> = {};
  const problems: string[] = [];
  const queue = Array.from({ length: rounds }, (_, round) => round).values();

  const work = async () => {
    const box = openSandbox(options.settings);
    let { child: target, pid } = await startTarget();
    const args = () => ["capture", "--pid", String(pid), "-b", "8s", "--quiet"];
    try {
      // One undisturbed run says how long a run takes, seal and upload included.
      const start = performance.now();
      const whole = await box.runBeside(args());
      const wholeMs = performance.now() - start;
      if (whole.status !== 0 && whole.status !== 3)
        problems.push(`the undisturbed run ended with ${whole.status}: ${whole.stderr}`);
      rmSync(box.spool, { recursive: true, force: true });

      for (const round of queue) {
        const agent = box.start(args());
        const exited = new Promise((resolve) => agent.once("exit", resolve));
        // Evenly over the run, with a little chance: neighbouring moments are never the same.
        const at = ((round + Math.random()) / rounds) * wholeMs;
        await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, at))]);
        agent.kill("SIGKILL");
        await exited;
        result.kills++;

        const runs = await soon(() => isRunning(pid));
        if (!runs && stateOf(pid) === undefined) result.targetsDead++;
        else if (!runs) result.leftStopped++;
        if (!runs) target.kill("SIGKILL");
        if (!runs) ({ child: target, pid } = await startTarget());
        if (!(await soon(() => processesOf(box, "commands").length === 0))) {
          result.strays++;
          problems.push(`round ${round}: still running: ${processesOf(box, "commands").join("; ")}`);
        }
        await lookAfter(box, round);
        options.onRound?.(round);
      }
    } finally {
      target.kill("SIGKILL");
      box.remove();
    }
  };

  /** The next command seals what is left; nothing else lies in the spool. */
  const lookAfter = async (box: Sandbox, round: number) => {
    const next = await box.runBeside(["ls", "--json"]);
    for (const id of box.ids()) {
      result.bundles++;
      const verify = await box.runBeside(["verify", id, "--json"]);
      const told = JSON.parse(verify.stdout || "{}");
      if (readdirSync(join(box.spool, id)).includes("manifest.json")) result.sealed++;
      if (verify.status === 0) result.verified++;
      else problems.push(`round ${round}: ${id}: ${verify.stdout}${verify.stderr}${next.stderr}`);
      states[told.state ?? "unsealed"] = (states[told.state ?? "unsealed"] ?? 0) + 1;
      rmSync(join(box.spool, id), { recursive: true });
    }
    const left = (existsSync(box.spool) ? readdirSync(box.spool, { withFileTypes: true }) : [])
      .map(({ name }) => name)
      .filter(
        (name) =>
          name !== ".locks" &&
          !name.endsWith(".receipt.json") &&
          // How far an upload has come is there until the store has confirmed the bundle.
          !name.endsWith(".upload.jsonl") &&
          !name.endsWith(".new") &&
          !name.endsWith(".tmp"),
      );
    if (left.length > 0) problems.push(`round ${round}: left in the spool: ${left.join(" ")}`);
  };

  await Promise.all(Array.from({ length: options.beside ?? 1 }, work));
  return { ...result, states, problems };
}
