import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseOsFamily } from "../../src/parsers/os-release.ts";

test("the family is that of ID, quoted or not", () => {
  assert.equal(
    parseOsFamily('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n'),
    "debian",
  );
  assert.equal(parseOsFamily("ID='fedora'\n"), "rhel");
  assert.equal(parseOsFamily('NAME="Alpine Linux"\nID=alpine\n'), "alpine");
});

test("a derivative is known by what it is like", () => {
  assert.equal(parseOsFamily('ID="rocky"\nID_LIKE="rhel centos fedora"\n'), "rhel");
  assert.equal(parseOsFamily("ID=linuxmint\nID_LIKE=ubuntu\n"), "debian");
});

test("an unknown system is undefined, not a guess", () => {
  assert.equal(parseOsFamily("ID=nixos\n"), undefined);
  assert.equal(parseOsFamily(""), undefined);
});

test("parseOsFamily never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseOsFamily(`ID=${text}\nID_LIKE=${text}`)));
});
