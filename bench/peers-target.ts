// Starts what bench:peers looks at and watches it: the target, the peer at the other end of its connections, the sampler.
import { transformSync } from "esbuild";
import { fork, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setPriority } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseProcNet } from "../src/parsers/proc-net.ts";

const CONNECTIONS = 20;
/** Of these, those that the peer has closed. */
const CLOSED = 12;
const C_LOCALE = { ...process.env, LC_ALL: "C" };
const Told = z.object({ prefix: z.string(), logWord: z.string() });
const Beat = z.object({ longestGapMs: z.number() });
const Seen = z.object({ longestStopMs: z.number(), longestGapMs: z.number() });

/** What is true of the target, known from its own words and from the kernel: what a result is searched for. */
export interface Facts {
  readonly pid: number;
  /** Field 22 of its stat, and the same as ps prints it: `Mon Nov 23 21:16:09 2026`. */
  readonly startTime: string;
  readonly startedAt: string;
  readonly threadIds: readonly number[];
  readonly residentMb: number;
  readonly closeWaits: number;
  /** A connection in CLOSE_WAIT that holds bytes which the target has not read. */
  readonly dead: { readonly port: number; readonly inode: number; readonly unread: number };
  readonly logPath: string;
  readonly logWord: string;
  /** In its heap and nowhere else. */
  readonly heapWord: string;
}

export interface SickTarget {
  readonly facts: Facts;
  /** The longest time its event loop stood still since this was asked last. */
  readonly longestGapMs: () => Promise<number>;
  readonly end: () => void;
}

/** TypeScript as plain JavaScript in a file of its own: no loader is then part of the process that is measured. */
function plain(name: string, folder: string): string {
  const path = join(folder, `${name}.mjs`);
  const source = readFileSync(new URL(`${name}.ts`, import.meta.url), "utf8");
  writeFileSync(path, transformSync(source, { loader: "ts", format: "esm", target: "node20" }).code);
  return path;
}

async function answer(child: ChildProcess, question?: string): Promise<unknown> {
  if (question !== undefined) child.send(question);
  const [message]: unknown[] = await once(child, "message");
  return message;
}

async function startPeer(): Promise<number> {
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    if (accepted++ < CLOSED) socket.end("x".repeat(5000));
  });
  server.unref().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const proc = (pid: number, name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1");

function socketsOf(pid: number) {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ""; // Closed in between.
      }
    }),
  );
  return parseProcNet(proc(pid, "net/tcp"), "tcp").filter(({ inode }) => own.has(`socket:[${inode}]`));
}

/** Until the peer's last FIN is here and the heap has its size. */
async function settledSockets(pid: number) {
  for (let round = 0; ; round++) {
    const waits = socketsOf(pid).filter(({ state }) => state === "CLOSE_WAIT");
    const dead = waits.find(({ recvQueue }) => recvQueue > 0);
    if (waits.length === CLOSED && dead !== undefined) return { closeWaits: waits.length, dead };
    if (round > 200)
      throw new Error(`the target has ${waits.length} connections in CLOSE_WAIT, not ${CLOSED}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Starts it and waits until it is sick. Files go to `folder`. */
export async function startSickTarget(folder: string): Promise<SickTarget> {
  const logPath = join(folder, "service.log");
  const argv = [String(await startPeer()), String(CONNECTIONS), logPath];
  const child = fork(plain("target", folder), argv, {
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const told = Told.parse(await answer(child));
  const pid = child.pid ?? 0;
  const { closeWaits, dead } = await settledSockets(pid);
  const stat = proc(pid, "stat");
  const facts: Facts = {
    pid,
    startTime: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "",
    startedAt: spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: C_LOCALE,
    }).stdout.trim(),
    threadIds: readdirSync(`/proc/${pid}/task`).map(Number),
    residentMb: Number(/VmRSS:\s+(\d+) kB/.exec(proc(pid, "status"))?.[1]) / 1024,
    closeWaits,
    dead: { port: Number(dead.local.split(":").at(-1)), inode: dead.inode, unread: dead.recvQueue },
    logPath,
    logWord: told.logWord,
    heapWord: `${told.prefix}-777`,
  };
  return {
    facts,
    longestGapMs: async () => Beat.parse(await answer(child, "beat")).longestGapMs,
    end: () => child.kill("SIGKILL"),
  };
}

/** Watches from outside until the returned function is called, which says what was seen. */
export async function watchStops(pid: number, folder: string): Promise<() => Promise<z.infer<typeof Seen>>> {
  const child = fork(plain("stop-sampler", folder), [String(pid)], { execArgv: [] });
  await answer(child);
  try {
    // On a busy host it must be on time all the same.
    setPriority(child.pid ?? 0, -20);
  } catch {
    // Not root: its own gaps tell how late it was.
  }
  return async () => Seen.parse(await answer(child, "end"));
}
