// Looks inside a Node service under load again and again, and disturbs the looker: the test and the benchmark share it.
import { get, Agent } from "node:http";
import { openProcess } from "../../src/host/process-files.ts";
import { listenersOf } from "../../src/inspector/tcp-sockets.ts";
import { openSandbox } from "./exhibit.ts";
import { look, SERVICE, servicePort, startNode, type NodeTarget } from "./node-target.ts";
import { until } from "./until.ts";

/** Within this after the looker is gone nothing of it may be left in the target. */
export const GONE_WITHIN_MS = 6000;

export interface RoundResult {
  readonly rounds: number;
  readonly deaths: number;
  /** Rounds in which the inspector had been opened when the disturbance came. */
  readonly inside: number;
  readonly leftBehind: number;
  /** In which the port was not closed within GONE_WITHIN_MS, but by the next capture. */
  readonly closedByNext: number;
  /** Longer than that of a service beside it that nobody looks into. */
  readonly longestStallMs: number;
  /** Of those that closed by themselves in time. */
  readonly longestGoneMs: number;
  readonly problems: readonly string[];
}

/** One request after another on a few connections; the longest time without an answer is a stall. */
export function startLoad(target: NodeTarget) {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const stop = new AbortController();
  let answeredAt = performance.now();
  let longestMs = 0;
  let requests = 0;
  const answered = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - answeredAt);
    answeredAt = now;
    requests++;
  };
  const once = () =>
    new Promise<void>((resolve) => {
      get({ port: servicePort(target), host: "127.0.0.1", path: "/garbage/1?q=1", agent }, (response) => {
        response.resume();
        response.on("end", () => resolve(answered()));
        response.on("error", () => resolve());
      }).on("error", () => resolve(until(() => true, 5)));
    });
  const loops = Array.from({ length: 4 }, async () => {
    // Some 400 requests per second, as the goal has it.
    while (!stop.signal.aborted) {
      await once();
      await new Promise((resolve) => setTimeout(resolve, 9));
    }
  });
  return {
    requests: () => requests,
    longestStallMs: () => Math.max(longestMs, performance.now() - answeredAt),
    stop: async () => {
      stop.abort();
      await Promise.all(loops);
      agent.destroy();
    },
  };
}

/** Whether the target itself listens there; undefined when that cannot be told, which is no answer to build on. */
export function isListening(pid: number, port: number): boolean | undefined {
  const held = openProcess(pid);
  try {
    return listenersOf(held)?.some((one) => one.isOwn && one.port === port);
  } finally {
    held.close();
  }
}

/** What the service itself says is left in it; undefined when nothing is. */
export function leftIn(target: NodeTarget): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    get({ port: servicePort(target), host: "127.0.0.1", path: "/left", agent: false }, (response) => {
      let body = "";
      response.on("data", (text) => (body += text));
      response.on("end", () =>
        resolve(body === '{"subscribed":[],"global":false,"inspector":"closed"}' ? undefined : body),
      );
    }).on("error", reject);
  });
}

const isAlive = ({ child }: NodeTarget) => child.exitCode === null && child.signalCode === null;

/** What a test hands in: whoever registers here is ended at the end. */
function cleaner() {
  const works: (() => unknown)[] = [];
  return {
    after: (work: () => unknown) => void works.push(work),
    clean: async () => {
      for (const work of works.toReversed()) await work();
    },
  };
}

/** Attaches and leaves, under load. */
export async function attachRounds(rounds: number, binary?: string): Promise<RoundResult> {
  const t = cleaner();
  const problems: string[] = [];
  let [deaths, inside, leftBehind, longestGoneMs] = [0, 0, 0, 0];
  let target = await startNode(t, SERVICE, binary === undefined ? {} : { binary });
  let load = startLoad(target);
  try {
    for (let round = 0; round < rounds; round++) {
      try {
        const { inspection, leave } = await look(t, target.pid);
        inside++;
        await inspection.drain();
        const began = performance.now();
        const { closedAt } = await leave();
        longestGoneMs = Math.max(longestGoneMs, performance.now() - began);
        if (closedAt === undefined) leftBehind++;
      } catch (error) {
        problems.push(`round ${round}: ${String(error)}`);
      }
      if (isAlive(target)) continue;
      deaths++;
      problems.push(`round ${round}: the target died: ${target.stderr().slice(-400)}`);
      await load.stop();
      target = await startNode(t, SERVICE, binary === undefined ? {} : { binary });
      load = startLoad(target);
    }
    const left = await leftIn(target);
    if (left !== undefined) problems.push(`left in the target: ${left}`);
  } finally {
    await load.stop();
    await t.clean();
  }
  return { rounds, deaths, inside, leftBehind, closedByNext: 0, longestStallMs: 0, longestGoneMs, problems };
}

interface Pair {
  readonly target: NodeTarget;
  readonly control: NodeTarget;
}

/** Kills or freezes a whole capture at a random moment, and looks at the target. */
export async function disturbRounds(
  rounds: number,
  how: "SIGKILL" | "SIGSTOP",
  options: { readonly binary?: string; readonly beside?: number } = {},
): Promise<RoundResult> {
  const problems: string[] = [];
  const result = {
    rounds,
    deaths: 0,
    inside: 0,
    leftBehind: 0,
    closedByNext: 0,
    longestStallMs: 0,
    longestGoneMs: 0,
  };
  let next = 0;
  const worker = async () => {
    const t = cleaner();
    const binary = options.binary === undefined ? {} : { binary: options.binary };
    const pair = {
      target: await startNode(t, SERVICE, binary),
      control: await startNode(t, SERVICE, binary),
    };
    try {
      for (let round = next++; round < rounds; round = next++) await disturbOne(pair, round);
    } finally {
      await t.clean();
    }
  };
  const disturbOne = async ({ target, control }: Pair, round: number) => {
    const box = openSandbox("collectors: {runtime: {options: {inspector: auto}}}\n");
    const load = startLoad(target);
    const undisturbed = startLoad(control);
    const agent = box.start(["capture", "--pid", String(target.pid), "--only", "runtime", "-b", "12s", "-q"]);
    const exited = new Promise((resolve) => agent.once("exit", resolve));
    try {
      // Half of the moments lie within the first second after the port was opened: there it is most delicate.
      const opened = until(() => isListening(target.pid, target.inspectPort) === true, 12_000).catch(
        () => undefined,
      );
      await Promise.race([opened, exited]);
      const wait = Math.random() * (round % 2 === 0 ? 1000 : 5000);
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (isListening(target.pid, target.inspectPort) === true) result.inside++;
      agent.kill(how);
      const began = performance.now();
      const gone = await until(
        () => isListening(target.pid, target.inspectPort) === false,
        GONE_WITHIN_MS,
      ).then(
        () => true,
        () => false,
      );
      if (gone) result.longestGoneMs = Math.max(result.longestGoneMs, performance.now() - began);
      if (!isAlive(target)) {
        result.deaths++;
        problems.push(`round ${round}: the target died: ${target.stderr().slice(-400)}`);
      } else if (!gone) {
        // Between the signal and the injection nothing in the target can close it: the next capture does.
        agent.kill("SIGKILL");
        await exited;
        const closer = box.start([
          "capture",
          "--pid",
          String(target.pid),
          "--only",
          "runtime",
          "-b",
          "12s",
          "-q",
        ]);
        await new Promise((resolve) => closer.once("exit", resolve));
        const closed = await until(() => isListening(target.pid, target.inspectPort) === false, 3000).then(
          () => true,
          () => false,
        );
        if (closed) {
          result.closedByNext++;
        } else {
          result.leftBehind++;
          problems.push(`round ${round}: after ${Math.round(wait)} ms: the port stays open`);
        }
      }
      const left = isAlive(target) ? await leftIn(target) : undefined;
      if (left !== undefined) {
        result.leftBehind++;
        problems.push(`round ${round}: left in the target: ${left}`);
      }
    } finally {
      // What the host itself does to any process is not ours.
      const stallMs = load.longestStallMs() - undisturbed.longestStallMs();
      result.longestStallMs = Math.max(result.longestStallMs, stallMs);
      agent.kill("SIGKILL");
      await exited;
      await Promise.all([load.stop(), undisturbed.stop()]);
      box.remove();
    }
  };
  await Promise.all(Array.from({ length: options.beside ?? 1 }, worker));
  return { ...result, problems };
}
