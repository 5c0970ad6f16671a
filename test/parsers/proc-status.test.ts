import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseProcStatus } from "../../src/parsers/proc-status.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("status gives sizes in bytes and its lines untouched", () => {
  const status = parseProcStatus(fixture("linux/one-of-each/status.txt"));

  assert.equal(status.name, "python3");
  assert.equal(status.state, "R");
  assert.equal(status.stateText, "R (running)");
  assert.equal(status.threads, 1);
  assert.equal(status.tracerPid, 0);
  assert.equal(status.swapBytes, 0);
  assert.equal(status.lines.get("VmRSS"), `VmRSS:\t   ${(status.residentBytes ?? 0) / 1024} kB`);
});

test("a name that imitates other lines does not forge them", () => {
  const status = parseProcStatus(
    "Name:\tx\\nUid:\\t0\nTgid:\t42\nUid:\t1000\t1001\t1001\t1001\nCapEff:\t000001ffffffffff\n",
  );

  assert.equal(status.name, "x\\nUid:\\t0");
  assert.equal(status.processId, 42);
  assert.equal(status.uid, 1000);
  assert.equal(status.effectiveCapabilities, "000001ffffffffff");
});

test("what a kernel does not say is unknown, not 0", () => {
  const status = parseProcStatus("Name:\tkthreadd\nState:\tS (sleeping)\nVmSwap:\t   junk kB\n");

  assert.equal(status.residentBytes, undefined);
  assert.equal(status.swapBytes, undefined);
  assert.equal(status.namespacePids, undefined);
});

test("no status makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      parseProcStatus(text);
      parseProcStatus(`Name:\t${text}\nVmRSS:\t${text} kB\nNSpid:\t${text}\n`);
    }),
  );
});
