// Collectors that people write themselves, gone wrong in every way: each is cut at its limit and told, the others are as
// good as without it, the budget holds, and nothing of it runs afterwards.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertCleanAfterwards } from "../helpers/afterwards.ts";
import { openSandbox, stateOf, type Sandbox } from "../helpers/exhibit.ts";
import { end, start } from "../helpers/started.ts";
import { processesWith } from "../helpers/processes-with.ts";

const boxes: Sandbox[] = [];
after(() => {
  for (const box of boxes) box.remove();
});

/** In the arguments of every process that a collector of these tests starts. */
const MARK = `exhibit-own-${process.pid}`;

type Own = Readonly<Record<string, { readonly script: string; readonly more?: string }>>;

/** A sandbox whose settings hold these collectors, as shell scripts. */
function sandboxWith(own: Own): Sandbox {
  const entries = Object.entries(own).map(
    ([name, { script, more = "" }]) =>
      `  ${name}: {summary: ours, argv: [sh, -c, ${JSON.stringify(script)}, ${MARK}, "{pid}"${script.includes("$2") ? ', "{out}"' : ""}]${more}}`,
  );
  const box = openSandbox(`collectors:\n${entries.join("\n")}\n`);
  boxes.push(box);
  return box;
}

const NODE = [
  process.execPath,
  "--inspect-port=0",
  "-e",
  "setInterval(() => {}, 50); console.log('up')",
] as const;

test("own collectors that misbehave are cut at their limit and told; the others and the budget are not touched", async (t) => {
  const box = sandboxWith({
    "a-hangs": { script: "sleep 600", more: ", timeout: 700ms" },
    "b-ignores": { script: "trap '' TERM INT HUP; while :; do sleep 1; done", more: ", timeout: 700ms" },
    "c-daemon": { script: `setsid -f sh -c 'exec sleep 601' ${MARK} & setsid -f sleep 602; echo done` },
    "d-daemon-holds": { script: "setsid -f sleep 603; exec sleep 604", more: ", timeout: 700ms" },
    "e-floods": { script: "exec yes xxxxxxxxxxxxxxx" },
    "f-silent": { script: "exit 0" },
    "g-dies": { script: "echo before; kill -SEGV $$" },
    "h-bytes": { script: String.raw`printf 'a\377\376\033[31m\302b'` },
    "i-out": { script: 'printf "pid %s" "$1" > "$2"; exit 0' },
    "j-fails": { script: "echo partly; echo it broke >&2; exit 9" },
    "k-missing": { script: "exec exhibit-no-such-tool" },
  });
  const { pid } = await start(t, NODE);
  const begin = performance.now();

  const marker = join(box.folder, "ran");
  const result = box.run([
    "guard",
    "--pid",
    String(pid),
    "-p",
    "quick",
    "-b",
    "4s",
    "--",
    "sh",
    "-c",
    `date +%s%3N > ${marker}`,
  ]);
  const startedAfterMs = Number(readFileSync(marker, "utf8")) - (performance.timeOrigin + begin);

  assert.equal(result.status, 0, result.stderr);
  assert.ok(startedAfterMs < 12_000, `COMMAND started after ${startedAfterMs} ms`);
  const manifest = box.manifest();
  const of = (name: string) => manifest.collectors.find((one) => one.name === name) ?? assert.fail(name);
  for (const name of ["a-hangs", "b-ignores", "d-daemon-holds"]) {
    assert.match(of(name).reason ?? "", /its time was up/, name);
    assert.equal(of(name).commands[0]?.timedOut, true, name);
    assert.ok((of(name).durationMs ?? 0) < 700 + 8000, `${name} took ${of(name).durationMs} ms`);
  }
  assert.equal(of("a-hangs").status, "failed");
  assert.deepEqual([of("e-floods").status, of("e-floods").truncated], ["partial", true]);
  assert.match(of("e-floods").reason ?? "", /output cut at its size limit/);
  const flood = join(box.spool, manifest.captureId, "evidence/e-floods/stdout.txt");
  assert.equal(statSync(flood).size, 16 * 1024 ** 2);
  assert.deepEqual([of("f-silent").status, of("f-silent").bytes], ["ok", 0]);
  assert.deepEqual([of("g-dies").status, of("g-dies").commands[0]?.signal], ["partial", "SIGSEGV"]);
  assert.equal(box.read("evidence/g-dies/stdout.txt"), "before\n");
  const bytes = readFileSync(join(box.spool, manifest.captureId, "evidence/h-bytes/stdout.txt"));
  assert.equal(bytes.toString("latin1"), "a\xff\xfe\x1b[31m\xc2b");
  assert.equal(box.read("evidence/i-out/out"), `pid ${pid}`);
  assert.match(of("j-fails").reason ?? "", /sh: exit status 9: it broke/);
  assert.match(of("k-missing").reason ?? "", /exit status 127/);
  for (const name of ["first-look", "process", "host", "open-files", "c-daemon", "h-bytes", "i-out"])
    assert.equal(of(name).status, "ok", `${name}: ${of(name).reason}`);
  for (const name of ["a-hangs", "e-floods", "g-dies", "j-fails"])
    assert.match(result.stderr, new RegExp(`  ${name} `));
  assert.equal(manifest.state, "partial");
  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  await assertCleanAfterwards(box);
  assert.deepEqual(processesWith(MARK), []);
  assert.deepEqual(processesWith(["sleep", "603"].join("\0")), []);
});

test("an own collector that stops the target and hangs is ended, and the target runs again", async (t) => {
  const box = sandboxWith({
    stops: { script: "kill -STOP $1; exec sleep 605", more: ", touch: stop, timeout: 800ms" },
  });
  const { pid } = await start(t, NODE);

  const result = box.run(["capture", "--pid", String(pid), "--only", "process,stops", "-b", "5s"]);

  assert.equal(result.status, 3, result.stderr);
  const [stops] = box.manifest().collectors.filter(({ name }) => name === "stops");
  assert.match(stops?.reason ?? "", /its time was up/);
  assert.ok((stops?.observedPauseMs ?? 0) > 300, JSON.stringify(stops));
  assert.match(stateOf(pid) ?? "gone", /^[RSD]$/);
  await assertCleanAfterwards(box);
  assert.deepEqual(processesWith(MARK), []);
});

test("an own collector that kills the target costs what comes after it, and says so", async (t) => {
  const box = sandboxWith({
    kills: {
      script: "kill -KILL $1; while grep -q '^State:.[RSD]' /proc/$1/status; do :; done",
      more: ", touch: stop, timeout: 500ms",
    },
  });
  const { pid, child } = await start(t, NODE);

  const result = box.run(["capture", "--pid", String(pid), "--only", "process,kills,core", "-b", "8s"]);

  assert.equal(result.status, 3, result.stderr);
  await end(child);
  const reasons = new Map(box.manifest().collectors.map(({ name, reason }) => [name, reason]));
  assert.match(reasons.get("core") ?? "", /the target (?:is gone|has ended)/);
  await assertCleanAfterwards(box);
});
