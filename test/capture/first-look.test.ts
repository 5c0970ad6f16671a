import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { takeFirstLook } from "../../src/capture/first-look.ts";
import { openProcess } from "../../src/host/process-files.ts";
import { end, start } from "../helpers/started.ts";

const AT = "2026-11-22T03:12:07.000Z";
const Line = z.looseObject({
  path: z.string(),
  lines: z.array(z.string()).optional(),
  items: z.array(z.string()).optional(),
  base64: z.string().optional(),
  error: z.string().optional(),
});
type Line = z.infer<typeof Line>;

/** The first look at a process, by path. */
function look(pid: number) {
  const held = openProcess(pid);
  const taken = takeFirstLook(held, AT);
  held.close();
  return { ...taken, ...read(taken.data) };
}

function read(data: Buffer): {
  readonly all: readonly Line[];
  readonly of: (path: string) => Line | undefined;
} {
  const all = data
    .toString("utf8")
    .trimEnd()
    .split("\n")
    .map((line) => Line.parse(JSON.parse(line)));
  return { all, of: (path) => all.find((line) => line.path === path) };
}

/** Told by the last line. */
function leftOut(all: readonly Line[]): unknown {
  return all.at(-1)?.leftOut;
}

/** A node process that runs `program` and then says so. */
function startNode(t: TestContext, program: string, ...more: readonly string[]) {
  return start(t, [
    process.execPath,
    "-e",
    `${program}; console.log("up"); setInterval(() => {}, 1000)`,
    ...more,
  ]);
}

test("everything in /proc about the process, its threads, its files and the host is there", async (t) => {
  const { pid } = await startNode(t, "");

  const { all, of, entries, unreadable } = look(pid);

  assert.ok(of("stat")?.lines?.[0]?.startsWith(`${pid} (node) `));
  assert.match(of("status")?.lines?.join("\n") ?? "", /^Name:\tnode$/m);
  assert.equal(of("cmdline")?.items?.[0], process.execPath);
  assert.equal(of("exe")?.lines?.[0], process.execPath);
  assert.ok((of("maps")?.lines?.length ?? 0) > 10);
  assert.ok(of(`task/${pid}/stat`)?.lines?.[0]?.startsWith(`${pid} (`));
  assert.ok(all.filter(({ path }) => /^task\/\d+\/stat$/.test(path)).length > 1, "all threads");
  assert.match(of("fd/1")?.lines?.[0] ?? "", /^(?:pipe|socket):\[\d+\]$/);
  assert.ok(of("/proc/loadavg")?.lines);
  assert.deepEqual(leftOut(all), { threads: 0, files: 0 });
  assert.equal(entries, all.length);
  assert.equal(unreadable, all.filter(({ error }) => error !== undefined).length);
});

test("the values of its environment are nowhere in it", async (t) => {
  const child = spawn("sleep", ["60"], {
    env: { ...process.env, CANARY: "canary-in-the-environment" },
    stdio: "ignore",
  });
  await once(child, "spawn");
  t.after(() => end(child));
  assert.match(readFileSync(`/proc/${child.pid ?? 0}/environ`, "latin1"), /canary-in-the-environment/);

  const { data } = look(child.pid ?? 0);

  assert.doesNotMatch(data.toString("latin1"), /canary-in-the-environment/);
});

test("no argument can forge a line, and each is told as it was", async (t) => {
  const forged = 'x\n{"path":"stat","lines":["1 (forged) S"]}\n';
  const { pid } = await startNode(t, "", forged, "", "\u001b[2J");

  const { of, all } = look(pid);

  assert.deepEqual(of("cmdline")?.items?.slice(-3), [forged, "", "\u001b[2J"]);
  assert.equal(all.filter(({ path }) => path === "stat").length, 1);
});

test("what is no UTF-8 is kept byte by byte", async (t) => {
  const name = String.raw`\x6e\xe9\xff`;
  const { pid } = await start(t, [
    "bash",
    "-c",
    `exec -a $'${name}' ${process.execPath} -e 'console.log(1); setInterval(() => {}, 1000)'`,
  ]);

  const { of } = look(pid);

  const cmdline = Buffer.from(of("cmdline")?.base64 ?? "", "base64");
  assert.deepEqual([...cmdline.subarray(0, 4)], [0x6e, 0xe9, 0xff, 0]);
});

test("of very many files and threads the look takes what is quick, and says how many it left out", async (t) => {
  const { pid } = await startNode(
    t,
    'const { openSync } = require("node:fs"); for (let n = 0; n < 700; n++) openSync("/dev/null")',
  );
  const files = openProcess(pid).listSync("fd").length;

  const { all } = look(pid);

  assert.equal(all.filter(({ path }) => path.startsWith("fd/")).length, 512);
  assert.deepEqual(leftOut(all), { threads: 0, files: files - 512 });
});

test("of a process that has just ended it is told that nothing could be read, and of the host what could", async (t) => {
  const { pid, child } = await start(t, ["sleep", "60"], { silent: true });
  const held = openProcess(pid);
  await end(child);

  const taken = takeFirstLook(held, AT);

  const { of, all } = read(taken.data);
  for (const path of ["stat", "status", "task", "fd", "exe"])
    assert.match(of(path)?.error ?? "", /^(?:ESRCH|ENOENT)$/);
  assert.ok(of("/proc/meminfo")?.lines);
  assert.equal(taken.unreadable, all.filter(({ error }) => error !== undefined).length);
  held.close();
});
