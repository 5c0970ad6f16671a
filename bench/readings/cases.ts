// The faults, and the healthy processes: how each is made, and what a reader should be told first.
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "../../src/readings/answer.ts";
import { inC, inJava, inNode, inPython, type FaultScene } from "../../test/helpers/fault-process.ts";
import { limitCpu, limitWrites, mountDisk, mountSmall } from "./limits.ts";
import { load } from "./load.ts";

export interface Case {
  readonly name: string;
  /** Readings that name it; one must be among the first three. None for a healthy process. */
  readonly expect: readonly string[];
  /** Whether a restart would end it, as `check` and the note say: `nothing` speaks for one, or the cause is `elsewhere`. */
  readonly answer: Exclude<Answer, "unknown">;
  /** Resolves with the pid of the process that is sick by then. */
  readonly start: (scene: FaultScene) => Promise<number>;
  /** Settings beside the defaults, as YAML; the inspector of a Node process is left alone without. */
  readonly settings?: string;
}

const INSIDE = "collectors: {runtime: {options: {inspector: auto}}}\n";
/** Where nobody listens. */
const NOBODY = 9;

const port = ({ said }: { readonly said: string }) => Number(/\d+$/.exec(said)?.[0]);

/** Accepts, and closes at once. */
async function closingPeer(scene: FaultScene): Promise<string> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  scene.after(() => void server.close());
  const address = server.address();
  return String(typeof address === "object" && address !== null ? address.port : 0);
}

export const FAULTS: readonly Case[] = [
  {
    name: "Node: bound by garbage collection",
    expect: ["gc-share", "heap-near-limit"],
    answer: "restart",
    settings: INSIDE,
    start: async (scene) => (await scene.start(inNode("gc"))).pid,
  },
  {
    name: "JVM: bound by garbage collection",
    expect: ["gc-share"],
    answer: "restart",
    start: async (scene) => (await scene.start(inJava("gc"))).pid,
  },
  {
    name: "Python: leaks memory",
    expect: ["memory-growing"],
    answer: "restart",
    start: async (scene) => (await scene.start(inPython("leak"))).pid,
  },
  {
    name: "Node: event loop blocked",
    expect: ["event-loop-blocked"],
    answer: "restart",
    start: async (scene) => {
      const target = await scene.start(inNode("blocked"));
      load(scene, port(target), { clients: 3, everyMs: 1000 });
      await wait(1500);
      return target.pid;
    },
  },
  {
    name: "Python: leaks descriptors",
    expect: ["descriptors"],
    answer: "restart",
    start: async (scene) => (await scene.start(inPython("descriptors"))).pid,
  },
  {
    name: "Python: pile of CLOSE_WAIT",
    expect: ["close-wait"],
    answer: "restart",
    start: async (scene) => (await scene.start(inPython("close-wait", await closingPeer(scene)))).pid,
  },
  {
    name: "Node: its dependency is dead",
    expect: ["disconnected"],
    answer: "nothing",
    settings: `services: [{match: node, connectedTo: ['127.0.0.1:${NOBODY}']}]\n`,
    start: async (scene) => (await scene.start(inNode("dependency", String(NOBODY)))).pid,
  },
  {
    name: "Python: storm of SYN_SENT",
    expect: ["syn-sent"],
    answer: "elsewhere",
    start: async (scene) => {
      const full = await scene.start(inPython("full-listener"));
      return (await scene.start(inPython("syn-sent", String(port(full))))).pid;
    },
  },
  {
    name: "C: convoy on one lock",
    expect: ["threads-on-one-lock"],
    answer: "nothing",
    start: async (scene) => (await scene.start(inC(scene, "convoy"))).pid,
  },
  {
    name: "C: deadlock of two threads",
    expect: ["deadlock"],
    answer: "restart",
    start: async (scene) => (await scene.start(inC(scene, "deadlock"))).pid,
  },
  {
    name: "JVM: deadlock of two threads",
    expect: ["deadlock"],
    answer: "restart",
    start: async (scene) => (await scene.start(inJava("deadlock"))).pid,
  },
  {
    name: "C: CPU throttled by its cgroup",
    expect: ["cpu-throttled"],
    answer: "elsewhere",
    start: async (scene) => {
      const { pid } = await scene.start(inC(scene, "spin"));
      limitCpu(scene, pid);
      await wait(500);
      return pid;
    },
  },
  {
    name: "C: neighbours of higher priority",
    expect: ["thread-cpu-wait"],
    answer: "elsewhere",
    start: async (scene) => {
      const spin = inC(scene, "spin");
      for (let neighbour = 0; neighbour < 2; neighbour++) await scene.start(["taskset", "-c", "0", ...spin]);
      const { pid } = await scene.start(["taskset", "-c", "0", "nice", "-n", "10", ...spin]);
      await wait(500);
      return pid;
    },
  },
  {
    name: "Python: its disk is full",
    expect: ["disk-full"],
    answer: "elsewhere",
    start: async (scene) => (await scene.start(inPython("full-disk", mountSmall(scene)))).pid,
  },
  {
    name: "C: its disk is slow",
    expect: ["threads-uninterruptible", "process-state"],
    answer: "elsewhere",
    start: async (scene) => {
      const disk = mountDisk(scene);
      const { pid } = await scene.start(inC(scene, "disk", `${disk}/data`));
      limitWrites(scene, pid, disk);
      await wait(3000);
      return pid;
    },
  },
  {
    name: "C: accepts no connection",
    expect: ["listen-overflows", "accept-backlog"],
    answer: "nothing",
    start: async (scene) => {
      const target = await scene.start(inC(scene, "listen"));
      await scene.start(inPython("storm", String(port(target))));
      return target.pid;
    },
  },
  {
    name: "C: state D (the parent of a vfork)",
    expect: ["process-state", "threads-uninterruptible"],
    answer: "elsewhere",
    start: async (scene) => {
      const { pid } = await scene.start(inC(scene, "vfork"));
      await wait(300);
      return pid;
    },
  },
];

const RUNNING: readonly Pick<Case, "name" | "start" | "settings">[] = [
  {
    name: "Node: answers requests",
    start: async (scene) => {
      const target = await scene.start(inNode("http"));
      load(scene, port(target), { clients: 10, everyMs: 20 });
      return target.pid;
    },
    settings: INSIDE,
  },
  {
    name: "Node: computes and answers",
    start: async (scene) => {
      const target = await scene.start(inNode("busy"));
      load(scene, port(target), { clients: 5, everyMs: 50 });
      return target.pid;
    },
  },
  {
    name: "Python: answers requests",
    start: async (scene) => {
      const target = await scene.start(inPython("http"));
      load(scene, port(target), { clients: 5, everyMs: 30 });
      return target.pid;
    },
  },
  {
    name: "Python: writes files",
    start: async (scene) => (await scene.start(inPython("writer", `${scene.folder}/out`))).pid,
  },
  { name: "JVM: makes garbage", start: async (scene) => (await scene.start(inJava("churn"))).pid },
  { name: "C: pool of threads", start: async (scene) => (await scene.start(inC(scene, "pool"))).pid },
];

export const HEALTHY: readonly Case[] = RUNNING.map((one) => ({ ...one, expect: [], answer: "nothing" }));
