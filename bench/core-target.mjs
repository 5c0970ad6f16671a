// The targets of bench:core, with a heartbeat of their own: the longest gap between two beats is the pause that their users
// feel. Both say when they are ready, and answer `look` on standard input with the longest gap since the last look.
//   node core-target.mjs MB      a full JavaScript heap
// Plain JavaScript: a loader would bring WebAssembly, whose reservation of 32 GB gcore writes out.
import { createInterface } from "node:readline";

const wantedBytes = Number(process.argv[2]) * 1e6;
const rss = () => process.memoryUsage.rss();

let seed = 12345;
const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);

const kept = [];
const buffers = [];
for (let id = 0; rss() < wantedBytes;) {
  const batch = Array.from({ length: 20_000 }, () => ({
    id: id++,
    name: `user-${id % 5000}-${random().toString(36)}`,
    tags: [random() % 10, random() % 100, `tag${random() % 50}`],
    score: random() / 3,
  }));
  kept.push(batch);
  if (kept.length % 4 === 0) buffers.push(Buffer.from(JSON.stringify(batch.slice(0, 4000))));
}

let longestMs = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  longestMs = Math.max(longestMs, now - last);
  last = now;
  for (let n = 0; n < 50; n++)
    Object.assign(kept[random() % kept.length]?.[random() % 20_000] ?? {}, { score: n });
}, 5);
createInterface({ input: process.stdin }).on("line", () => {
  process.stdout.write(`${longestMs}\n`);
  longestMs = 0;
  last = performance.now();
});
process.stdout.write("ready\n");
