// The sick service of bench:peers: an HTTP server with about 175 MB of memory, a log, and connections to a peer that has
// closed most of them without anybody here having noticed (CLOSE_WAIT). Runs as plain Node; told what to do by its parent.
//   target.mjs PEER_PORT CONNECTIONS LOG
import { randomBytes } from "node:crypto";
import { appendFileSync, openSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";

const [port = "0", connections = "0", logPath = ""] = process.argv.slice(2);
/** Never sent to anybody as a whole: who finds `PREFIX-777` in a core has found our heap in it. */
const prefix = randomBytes(12).toString("hex");
const words = Array.from({ length: 1000 }, (_, index) => [prefix, index].join("-"));
/** Small objects that stay, each about 440 bytes. */
const retained = Array.from({ length: 200_000 }, (_, id) => ({
  id,
  text: `object ${id}`.padEnd(220),
  at: [id, id + 1, id + 2],
}));

const log = openSync(logPath, "a");
const logWord = randomBytes(12).toString("hex");
setInterval(() => {
  const text = `upstream 127.0.0.1:${port} does not answer, ${connections} connections wait (trace ${logWord})`;
  appendFileSync(log, `${new Date().toISOString()} ${text}\n`);
}, 500);

// A little work and garbage all the time, as a server has.
setInterval(() => JSON.stringify(retained.slice(0, 2000)).length + words.length, 100);

// The longest time in which the event loop did not turn: what a client of ours would have felt.
let longestGapMs = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  longestGapMs = Math.max(longestGapMs, now - last);
  last = now;
}, 5);
process.on("message", () => {
  process.send?.({ longestGapMs });
  longestGapMs = 0;
});
process.on("disconnect", () => process.exit(0));

for (let made = 0; made < Number(connections); made++) {
  // allowHalfOpen: when the peer closes, nobody here does. The first one is not even read.
  const socket = connect({ port: Number(port), host: "127.0.0.1", allowHalfOpen: true });
  if (made === 0) socket.pause();
  else socket.resume();
  socket.on("error", () => undefined);
}
createServer((_, response) => response.end("ok\n")).listen(0, "127.0.0.1", () =>
  process.send?.({ prefix, logWord }),
);
