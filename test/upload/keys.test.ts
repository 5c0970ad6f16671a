import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bundlePrefix, isSafeKey, keySegment } from "../../src/upload/keys.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const captureId = "20261122T031207Z-cn14-muskie_7-4f2a91";

test("a bundle goes below its incident and host, or below none", () => {
  const host = "cn14.example.test";

  const prefixes = ["INC-4211", undefined].map((incident) => bundlePrefix({ incident, host, captureId }));

  assert.deepEqual(prefixes, [`v1/INC-4211/${host}/${captureId}`, `v1/none/${host}/${captureId}`]);
});

test("what is not safe in a key is altered, and stays different from what it resembles", () => {
  const names = [
    "gh:org/repo#7",
    "gh:org/repo 7",
    "..",
    ".",
    "",
    "../../etc",
    "a".repeat(101),
    "ü\n\u001b[31m",
  ];

  const segments = names.map(keySegment);

  assert.equal(new Set(segments).size, names.length);
  assert.match(segments[0] ?? "", /^gh_org_repo_7-[0-9a-f]{8}$/);
  assert.ok(segments.every(isSafeKey));
});

test("an incident called none is not the absence of one", () => {
  const [named, absent] = ["none", undefined].map((incident) =>
    bundlePrefix({ incident, host: "h", captureId }),
  );

  assert.notEqual(named, absent);
});

test("whatever a stranger calls an incident or a host, the key is safe and has four segments", () => {
  const property = fc.property(
    fc.string({ unit: CODE_POINT }),
    fc.string({ unit: CODE_POINT }),
    (incident, host) => {
      const prefix = bundlePrefix({ incident, host, captureId });
      assert.ok(isSafeKey(prefix));
      assert.equal(prefix.split("/").length, 4);
    },
  );

  fc.assert(property);
});
