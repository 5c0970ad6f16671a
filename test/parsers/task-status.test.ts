import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTaskSwitches } from "../../src/parsers/task-status.ts";

test("switches are told apart by who wanted them", () => {
  const text =
    "Name:\tnode\nMems_allowed_list:\t0\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t431\n";

  assert.deepEqual(parseTaskSwitches(text), { voluntary: 12, involuntary: 431 });
});

test("half of them are none", () => {
  assert.equal(parseTaskSwitches("voluntary_ctxt_switches:\t12\n"), undefined);
});

test("the parser of switches never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseTaskSwitches(text)));
});
