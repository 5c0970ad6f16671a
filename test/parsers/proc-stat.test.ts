import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseProcStat, TICKS_PER_SECOND } from "../../src/parsers/proc-stat.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const REST = "S 1 2 3 0 -1 4194560 11 0 12 0 13 14 0 0 20 -5 7 0 98765 4096 55 18446744073709551615";

test("a name that imitates the fields after it does not change them", () => {
  const stat = parseProcStat(`42 (x) R 1 1\n1 ) ${REST}\n`);

  assert.equal(stat?.command, "x) R 1 1\n1 ");
  assert.equal(stat?.state, "S");
  assert.equal(stat?.parentPid, 1);
  assert.equal(stat?.userTicks, 13);
  assert.equal(stat?.nice, -5);
  assert.equal(stat?.threads, 7);
  assert.equal(stat?.startTime, "98765");
  assert.equal(stat?.flags, 4194560);
  assert.equal(stat?.processor, undefined);
});

test("a recorded line and our own are read", () => {
  const recorded = parseProcStat(fixture("linux/one-of-each/stat.txt"));
  const own = parseProcStat(readFileSync("/proc/self/stat", "utf8"));

  assert.equal(recorded?.command, "python3");
  assert.equal(own?.pid, process.pid);
  assert.equal(own?.parentPid, process.ppid);
});

test("any name is given back as it is, and nothing makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (name) => {
      assert.equal(parseProcStat(`7 (${name}) ${REST}`)?.command, name);
      parseProcStat(name);
      parseProcStat(`7 (${name}`);
    }),
  );
});

test("what is no stat line is undefined", () => {
  const cut = REST.split(" ").slice(0, 19).join(" ");
  const texts = ["", "42", "42 (sh)", "42 (sh) S", `42 (sh) ${cut}`, "42 )(", "x (sh) S 1 1", `-1) ${REST}`];

  const parsed = texts.map(parseProcStat);

  assert.deepEqual(
    parsed,
    texts.map(() => undefined),
  );
});

const THREAD =
  "R 8802 8799 2781 0 -1 4194368 2 0 7 0 161 9 0 0 20 0 4 0 165125 27717632 269 18446744073709551615 94532365037568 94532365038285 140720930628832 0 0 0 0 0 0 0 0 0 -1 1 0 0 0 0 0 94532365049296 94532365049928 94533297901568 140720930630384 140720930630392 140720930630392 140720930631664 0\n";

test("the line of a thread is read to its end", () => {
  assert.deepEqual(parseProcStat(`8817 (a) R 1\nb (c)) ${THREAD}`), {
    pid: 8817,
    command: "a) R 1\nb (c)",
    state: "R",
    parentPid: 8802,
    processGroup: 8799,
    session: 2781,
    flags: 4194368,
    minorFaults: 2,
    majorFaults: 7,
    userTicks: 161,
    systemTicks: 9,
    nice: 0,
    threads: 4,
    startTime: "165125",
    virtualBytes: 27717632,
    residentPages: 269,
    processor: 1,
    blockIoTicks: 0,
  });
});

test("clock ticks are what this host says they are", () => {
  assert.equal(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).trim(), String(TICKS_PER_SECOND));
});
