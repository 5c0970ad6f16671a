// Slow: forty starts are measured.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { CLI } from "../helpers/exhibit.ts";

/** The files of the bundle that are loaded before the first line of `path` runs. */
function loadedBefore(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const code = readFileSync(path, "utf8");
  for (const [, from] of code.matchAll(/^(?:import|export)\b[^;]*?"(\.{1,2}\/[^"]+)";/gm))
    loadedBefore(join(dirname(path), from ?? ""), seen);
  return seen;
}

test("before a command is known neither zod nor commander nor execa is loaded", () => {
  const loaded = [...loadedBefore(CLI)].map((path) => readFileSync(path, "utf8"));

  assert.ok(loaded.length > 1);
  for (const code of loaded) {
    assert.doesNotMatch(code, /node_modules\/(zod|commander|execa|yaml|archiver)\//);
    assert.ok(code.length < 20_000);
  }
});

/** CPU seconds, user and system, of a child. */
function cpuSeconds(command: string): number {
  const { stderr } = spawnSync("bash", ["-c", `TIMEFORMAT='%U %S'; time ${command} > /dev/null`], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const [user = Number.NaN, system = Number.NaN] = (stderr.trim().split("\n").at(-1) ?? "")
    .split(" ")
    .map(Number);
  return user + system;
}

test("--version costs at most 1.4 times the CPU of node -e 0", () => {
  // Interleaved, and the least of many rounds: what other programs do to the machine only ever adds.
  const rounds = Array.from({ length: 21 }, () => [
    cpuSeconds(`${process.execPath} -e 0`),
    cpuSeconds(`${process.execPath} ${CLI} --version`),
  ]);
  const least = (index: number) => Math.min(...rounds.map((round) => round[index] ?? Number.NaN));

  const ratio = least(1) / least(0);

  assert.ok(ratio <= 1.4, `${ratio.toFixed(2)} times`);
});
