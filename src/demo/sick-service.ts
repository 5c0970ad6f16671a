// A small service with the sickness of a public incident (INC-1425, TritonDataCenter/node-fast#15): its heap is nearly
// full, so that most of its time goes into garbage collection, and its connections to a peer that has died were never
// closed and pile up in CLOSE_WAIT. Run by `exhibit demo`; a program of its own, so that there is something to restart.
//
//   sick-service.js run FOLDER PEER_PORT     sick until it is stopped; PEER_PORT 0: no peer, no connections, not sick
//   sick-service.js peer FOLDER              accepts connections, closes its half of each, and dies
//   sick-service.js restart FOLDER           the mitigation: stops the service, starts a fresh one, waits until it answers
import { spawn } from "node:child_process";
import { appendFileSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { connect, createServer as createPeer } from "node:net";
import { join } from "node:path";
import { performance, PerformanceObserver } from "node:perf_hooks";

const CONNECTIONS = 60;
/** Objects that stay: about 140 MB, of a heap limited to 180. */
const RETAINED = 500_000;
/** How many of them are replaced between two turns of the event loop. */
const CHURN = 25_000;

const [mode = "", folder = "", port = "0"] = process.argv.slice(2);
const file = (name: string) => join(folder, name);

/** A file that is there whole or not at all: the other processes poll for it. */
function publish(name: string, text: string): void {
  writeFileSync(`${file(name)}.tmp`, text);
  renameSync(`${file(name)}.tmp`, file(name));
}

function keepGcLog(): void {
  let gcMs = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) gcMs += entry.duration;
  }).observe({ entryTypes: ["gc"] });
  const log = openSync(file("service.log"), "a");
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    const heap = Math.round(process.memoryUsage().heapUsed / 1024 ** 2);
    appendFileSync(
      log,
      `${new Date().toISOString()} gc ${Math.round((100 * gcMs) / (now - last))}% of the last ${Math.round(now - last)} ms, heap ${heap} MB\n`,
    );
    gcMs = 0;
    last = now;
  }, 1000);
}

/** Fills the heap nearly to its limit and then replaces a little of it all the time. */
function becomeSick(): void {
  const retained: { id: number; text: string; at: number[] }[] = [];
  let next = 0;
  const turn = () => {
    for (let done = 0; done < CHURN; done++) {
      next = (next * 1_103_515_245 + 12_345) % 2_147_483_648;
      const entry = { id: next, text: `object ${next} of bucket ${next % 97}`, at: [next, done] };
      if (retained.length < RETAINED) retained.push(entry);
      else retained[next % RETAINED] = entry;
    }
    setImmediate(turn);
  };
  turn();
}

function runService(): void {
  const server = createServer((_, response) => response.end("ok\n"));
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    const own = typeof address === "object" && address !== null ? address.port : 0;
    publish("service.json", JSON.stringify({ pid: process.pid, port: own }));
  });
  keepGcLog();
  if (port === "0") return;
  // allowHalfOpen: when the peer closes, nobody here does. Reading on is what makes the end be noticed at all.
  for (let made = 0; made < CONNECTIONS; made++)
    connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true })
      .resume()
      .on("error", () => undefined);
  becomeSick();
}

function runPeer(): void {
  let accepted = 0;
  const peer = createPeer((socket) => {
    socket.on("error", () => undefined).end("bye\n");
    accepted++;
    // Its half of every connection is closed: a moment for the last FIN, then it is gone.
    if (accepted === CONNECTIONS) setTimeout(() => process.exit(0), 200);
  });
  peer.listen(0, "127.0.0.1", () => {
    const address = peer.address();
    publish(
      "peer.json",
      JSON.stringify({ port: typeof address === "object" && address !== null ? address.port : 0 }),
    );
  });
}

interface Running {
  readonly pid: number;
  readonly port: number;
}

function readRunning(): Running | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file("service.json"), "utf8"));
    if (typeof parsed !== "object" || parsed === null || !("pid" in parsed) || !("port" in parsed))
      return undefined;
    return { pid: Number(parsed.pid), port: Number(parsed.port) };
  } catch {
    return undefined;
  }
}

const answers = (running: Running): Promise<boolean> =>
  new Promise((resolve) => {
    get({ host: "127.0.0.1", port: running.port, timeout: 1000 }, (response) =>
      resolve(response.resume().statusCode === 200),
    )
      .on("error", () => resolve(false))
      .on("timeout", () => resolve(false));
  });

async function restart(): Promise<void> {
  const before = readRunning();
  if (before) process.kill(before.pid, "SIGKILL");
  const log = openSync(file("service.log"), "a");
  const script = process.argv[1] ?? "";
  spawn(process.execPath, [...process.execArgv, script, "run", folder, "0"], {
    detached: true,
    stdio: ["ignore", log, log],
  }).unref();
  const end = performance.now() + 10_000;
  for (;;) {
    const now = readRunning();
    if (now && now.pid !== before?.pid && (await answers(now))) {
      // stdout is for the demo's own result, which is one document with --json.
      process.stderr.write(`restarted: process ${before?.pid ?? "none"} is now ${now.pid}, and answers\n`);
      return;
    }
    if (performance.now() > end) throw new Error("the service did not come back within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

if (mode === "run") runService();
else if (mode === "peer") runPeer();
else if (mode === "restart") await restart();
else {
  process.stderr.write("usage: sick-service run FOLDER PEER_PORT | peer FOLDER | restart FOLDER\n");
  process.exitCode = 2;
}
