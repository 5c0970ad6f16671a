import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHosts } from "../../src/parsers/hosts.ts";

test("names have their addresses in any case, IPv4 first, comments and junk left out", () => {
  const text = "::1 localhost\n127.0.0.1\tlocalhost  Alias # not.this\n# 10.0.0.1 nor.this\nnonsense here\n";

  assert.deepEqual(
    parseHosts(text),
    new Map([
      ["localhost", ["127.0.0.1", "::1"]],
      ["alias", ["127.0.0.1"]],
    ]),
  );
});

test("the parser of /etc/hosts never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseHosts(text)));
});
