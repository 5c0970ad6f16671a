// open-loop.mjs PORT RATE SECONDS: asks for PATH at a fixed rate whether answers come or not, each request timed from when it
// was due. A process of its own: whoever measures beside it must not be what is late. Prints one JSON document.
import { Agent, get } from "node:http";

const [port, rate, seconds, path = "/"] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const latencies = [];
const statuses = {};
let [sent, failed] = [0, 0];
const began = performance.now();
const total = Number(rate) * Number(seconds);

const ask = (due) =>
  get({ port: Number(port), host: "127.0.0.1", path, agent }, (response) => {
    response.resume();
    response.on("end", () => {
      latencies.push(performance.now() - due);
      statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
      done();
    });
  }).on("error", () => {
    failed++;
    done();
  });

function done() {
  if (latencies.length + failed < total) return;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  process.stdout.write(
    `${JSON.stringify({ count: latencies.length, failed, statuses, p50: at(0.5), p95: at(0.95), max: latencies.at(-1) })}\n`,
    () => process.exit(0),
  );
}

const tick = () => {
  const now = performance.now();
  for (; sent < total && began + (sent * 1000) / Number(rate) <= now; sent++)
    ask(began + (sent * 1000) / Number(rate));
  if (sent < total) setTimeout(tick, 1);
};
tick();
