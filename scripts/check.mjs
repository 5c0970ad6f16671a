// `npm run check`: every check side by side; prints what each found and fails when one does.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const folders = ["src", "test", "bench", "scripts"].filter((folder) => existsSync(`${root}/${folder}`));

/** Name and command line of each. */
const CHECKS = [
  ["types (tsc)", ["node_modules/.bin/tsc", "-p", "."]],
  ["lint (oxlint)", ["node_modules/.bin/oxlint", "--type-aware", ...folders]],
  ["format (oxfmt)", ["node_modules/.bin/oxfmt", "--check", ...folders, "!test/fixtures/**"]],
  ["imports", ["node", "scripts/check-imports.mjs"]],
  ["unused (knip)", ["node_modules/.bin/knip", "--no-progress"]],
];

function run([name, [command, ...args]]) {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", (error) => resolve({ name, ok: false, output: error.message, seconds: 0 }));
    child.on("close", (code) =>
      resolve({ name, ok: code === 0, output: output.trim(), seconds: (performance.now() - start) / 1000 }),
    );
  });
}

const results = await Promise.all(CHECKS.map(run));
for (const { name, ok, output, seconds } of results) {
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(16)} ${seconds.toFixed(1)} s`);
  if (!ok) console.log(`${output.replace(/^/gm, "  ")}\n`);
}
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
