import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseWchan } from "../../src/parsers/wchan.ts";

test("wchan is the name of a kernel function", () => {
  assert.equal(parseWchan("futex_do_wait"), "futex_do_wait");
  assert.equal(parseWchan("ep_poll.constprop.0\n"), "ep_poll.constprop.0");
});

test("a zero says nothing, and what is no name is not taken for one", () => {
  assert.equal(parseWchan("0"), undefined);
  assert.equal(parseWchan(""), undefined);
  assert.equal(parseWchan("a b"), undefined);
});

test("the parser of wchan never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseWchan(text)));
});
