// Sick and healthy processes in Node for the readings: faults.mjs MODE [ARGUMENT]. Each prints "ready" and the port it
// listens on, if any.
import { createServer } from "node:http";
import { connect } from "node:net";

const [mode, argument] = process.argv.slice(2);
const ready = (text = "") => console.log(`ready ${text}`);
const burn = (ms) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};
const listen = (answer) => {
  const server = createServer(answer).listen(0, "127.0.0.1", () => ready(server.address().port));
};

const modes = {
  // Its heap is nearly full of what lives, and a little of it is replaced all the time.
  gc() {
    const kept = [];
    let next = 1;
    let isTold = false;
    const turn = () => {
      for (let done = 0; done < 20_000; done++) {
        next = (next * 1_103_515_245 + 12_345) % 2_147_483_648;
        const entry = { id: next, text: `object ${next} of bucket ${next % 97}`, at: [next, done] };
        if (kept.length < 500_000) kept.push(entry);
        else kept[next % kept.length] = entry;
      }
      if (!isTold && kept.length >= 500_000) setTimeout(ready, 500);
      isTold ||= kept.length >= 500_000;
      setImmediate(turn);
    };
    turn();
  },
  // The first request never ends.
  blocked() {
    listen(() => {
      for (;;);
    });
  },
  // Its database is gone: it tries again and again.
  dependency() {
    const attempt = () => {
      const socket = connect(Number(argument), "127.0.0.1");
      socket.on("error", () => setTimeout(attempt, 500));
    };
    attempt();
    listen((_, response) => response.writeHead(503).end());
  },
  // Healthy: answers quickly.
  http() {
    listen((_, response) =>
      response.end(JSON.stringify({ list: Array.from({ length: 200 }, (__, n) => n) })),
    );
  },
  // Healthy: computes for most of the time, and comes around.
  busy() {
    setInterval(() => burn(13), 20);
    listen((_, response) => response.end("ok"));
  },
};
modes[mode]();
