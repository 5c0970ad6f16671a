import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchCommand, idOfLink, stableLink } from "../../src/upload/link.ts";

const ID = "20261122T031207Z-cn14-muskie_7-4f2a91";

test("the id comes back out of every address that was made of it", () => {
  for (const base of [
    "https://e.test/b/{id}",
    "https://e.test/b",
    "https://e.test/b/",
    "https://e.test/?b={id}&x=1",
  ]) {
    const link = stableLink(base, ID) ?? "";

    assert.ok(link.includes(ID), base);
    assert.equal(idOfLink(base, link), ID, base);
  }
  assert.equal(stableLink(null, ID), undefined);
  assert.equal(idOfLink("https://e.test/b/{id}", "https://other.test/b/x"), undefined);
});

test("a bundle in S3 is fetched by its address, one in a directory by its id", () => {
  assert.equal(fetchCommand(`s3://b/v1/none/h/${ID}`, ID), `exhibit fetch s3://b/v1/none/h/${ID}`);
  assert.equal(fetchCommand(`/archive/v1/none/h/${ID}`, ID), `exhibit fetch ${ID}`);
});
