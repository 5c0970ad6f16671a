// Carries bytes between our stdin and stdout and one port of a target, from inside the target's network namespace when it
// is started there by nsenter(1). It is a program of its own because of how it ends: when the capture is killed its stdin
// closes, and when the capture is frozen its stdin falls silent; both times the connection goes at once, and what that capture
// had opened is closed (close-alone.ts). What must stay true: it leaves by destroy(), and adds not one byte of its own.
//   relay.js SILENCE_MS MARK   says "ready", waits for "PORT HOST" on a line (an empty one is a sign of life), says
//   "connected" or "failed ERRNO", then carries; MARK is the file that tells of the inspector (marks.ts)
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { errnoOf } from "../errors.ts";

const [silence, mark = ""] = process.argv.slice(2);
const served = process.ppid;
let carried: Socket | undefined;
let isLeaving = false;

const quit = () => process.exit(0);

function leave(): void {
  if (isLeaving) return;
  isLeaving = true;
  carried?.destroy();
  if (!existsSync(mark)) return quit();
  // Loaded only when it is needed: a relay has little to carry.
  void import("./close-alone.ts").then(({ closeAlone }) => closeAlone(mark, served)).then(quit, quit);
}

const watchdog = setTimeout(leave, Number(silence));
process.stdin.on("data", () => watchdog.refresh());

function carry(port: number, host: string, early: Buffer): void {
  const socket = connect({ port, host, noDelay: true });
  carried = socket;
  process.stdin.on("data", (bytes: Buffer) => void socket.write(bytes));
  socket.once("connect", () => {
    process.stdout.write("connected\n");
    if (early.length > 0) socket.write(early);
    socket.on("data", (bytes: Buffer) => {
      // A capture that does not read must not fill our memory.
      if (process.stdout.write(bytes)) return;
      socket.pause();
      process.stdout.once("drain", () => socket.resume());
    });
  });
  socket.once("error", (error) => {
    process.stdout.write(`failed ${errnoOf(error) ?? "unknown"}\n`, leave);
  });
  // What it had sent is on its way to us: the pipe is written before we end.
  socket.once("close", () => process.stdout.end(leave));
}

let order = Buffer.alloc(0);
function readOrder(bytes: Buffer): void {
  order = Buffer.concat([order, bytes]);
  while (order[0] === 10) order = order.subarray(1);
  const end = order.indexOf(10);
  if (end < 0) return;
  process.stdin.off("data", readOrder);
  const [port = "", host = ""] = order.toString("latin1", 0, end).split(" ");
  carry(Number(port), host, order.subarray(end + 1));
}

process.stdin.on("data", readOrder);
process.stdin.once("end", leave);
process.stdin.on("error", leave);
process.stdout.on("error", leave);
process.stdout.write("ready\n");
