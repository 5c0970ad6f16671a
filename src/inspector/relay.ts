// Carries bytes between our stdin and stdout and one port of a target, from inside the target's network namespace when it
// is started there by nsenter(1). It is a program of its own because of how it ends: when the capture is killed its stdin
// closes, and when the capture is frozen its stdin falls silent; both times the connection goes at once, so that the
// target can close its inspector. What must stay true: it leaves by destroy(), and adds not one byte of its own.
//   relay.js SILENCE_MS   says "ready", waits for "PORT HOST" on a line, says "connected" or "failed ERRNO", then carries
import { connect } from "node:net";
import { errnoOf } from "../errors.ts";

const silenceMs = Number(process.argv[2]);

function leave(): never {
  process.exit(0);
}

function carry(port: number, host: string, early: Buffer): void {
  const socket = connect({ port, host, noDelay: true });
  const watchdog = setTimeout(leave, silenceMs);
  process.stdin.on("data", (bytes: Buffer) => {
    watchdog.refresh();
    socket.write(bytes);
  });
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
  const end = order.indexOf(10);
  if (end < 0) return;
  process.stdin.off("data", readOrder);
  const [port = "", host = ""] = order.toString("latin1", 0, end).split(" ");
  carry(Number(port), host, order.subarray(end + 1));
}

process.stdin.on("data", readOrder);
process.stdin.once("end", leave);
process.stdin.once("error", leave);
process.stdout.once("error", leave);
process.stdout.write("ready\n");
