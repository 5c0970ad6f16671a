import assert from "node:assert/strict";
import { test } from "node:test";
import { confirmationOf, describeConfirmation } from "../../src/upload/confirmation.ts";

test("what one file lacks is said of the bundle, and the earliest lock counts", () => {
  const found = confirmationOf([
    {
      conditionalPut: "verified",
      versionId: "1",
      retention: { mode: "GOVERNANCE", until: "2027-02-20T00:00:00.000Z" },
      encryption: { asked: "aws:kms", found: "aws:kms" },
    },
    {
      versionId: "2",
      retention: { mode: "GOVERNANCE", until: "2026-12-06T00:00:00.000Z" },
      encryption: { asked: "aws:kms" },
      tagged: false,
    },
    { versionId: "3", retention: { missing: "the bucket has no Object Lock" }, clockOffsetMs: -1_200_000 },
  ]);

  assert.deepEqual(found, {
    readBack: 3,
    conditionalPut: "verified",
    versioned: true,
    encryption: { asked: "aws:kms" },
    retention: {
      mode: "GOVERNANCE",
      until: "2026-12-06T00:00:00.000Z",
      missing: "the bucket has no Object Lock",
    },
    tagged: false,
    clockOffsetMs: -1_200_000,
  });
  assert.equal(
    describeConfirmation({ files: 3, found }),
    "3 files read back; write-once; versioned; locked until 2026-12-06 (GOVERNANCE); NOT locked: the bucket has no Object Lock; " +
      "encryption aws:kms was asked for, the store does not say that it did it; NOT tagged: the store took no tags; " +
      "this host's clock is 20 min ahead of the store's",
  );
});

test("of a store that tells nothing beside the bytes nothing is said", () => {
  assert.equal(confirmationOf([]), undefined);
  assert.equal(describeConfirmation({ files: 3 }), undefined);
});
