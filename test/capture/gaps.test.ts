import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { gatherGaps, isRefusal } from "../../src/capture/gaps.ts";

test("what was refused for one reason is one sentence, with the first five names and a count", () => {
  const refused = ["io", "exe", "fd/0", "fd/1", "fd/2", "fd/3", "fd/4"].map(
    (name) => `${name} cannot be read: EACCES`,
  );

  const gaps = gatherGaps(["eu-stack is not on this host", ...refused, "environ cannot be read: ESRCH"]);

  assert.deepEqual(gaps, [
    "io, exe, fd/0, fd/1, fd/2 and 2 more cannot be read: EACCES",
    "environ cannot be read: ESRCH",
    "eu-stack is not on this host",
  ]);
});

test("no gap is lost, whatever it says", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (gaps) => {
      const gathered = gatherGaps(gaps);

      assert.ok(gaps.every((gap) => / cannot be read: [A-Z0-9]+$/.test(gap) || gathered.includes(gap)));
    }),
  );
});

test("a refusal is one for want of a right", () => {
  const reasons = [
    "io cannot be read: EACCES",
    "ptrace: Operation not permitted",
    "fd cannot be read: ENOENT",
  ];

  assert.deepEqual(reasons.map(isRefusal), [true, true, false]);
});
