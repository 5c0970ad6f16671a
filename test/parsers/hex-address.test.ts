import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatEndpoint, isUnspecified, parseHexEndpoint } from "../../src/parsers/hex-address.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

/** As a little-endian kernel prints it. */
function encode(bytes: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4)
    words.push(
      bytes
        .slice(at, at + 4)
        .toReversed()
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join(""),
    );
  return words.join("").toUpperCase();
}

test("IPv4 is read word by word in the machine's order, and IPv4-mapped IPv6 is shown as IPv4", () => {
  assert.deepEqual(parseHexEndpoint("0100007F:1F90"), { address: "127.0.0.1", port: 8080 });
  assert.deepEqual(parseHexEndpoint("0000000000000000FFFF00000100007F:07E5"), {
    address: "127.0.0.1",
    port: 2021,
  });
});

test("IPv6 is written as RFC 5952 wants it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 }),
      (bytes) => {
        const groups = Array.from({ length: 8 }, (_, at) =>
          (bytes[at * 2]! * 256 + bytes[at * 2 + 1]!).toString(16),
        );
        fc.pre(!(bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255));

        const endpoint = parseHexEndpoint(`${encode(bytes)}:0050`);

        // The URL parser has the same canonical form.
        assert.equal(`[${endpoint?.address}]`, new URL(`http://[${groups.join(":")}]/`).hostname);
      },
    ),
  );
});

test("every IPv4 address and port is read back", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), fc.nat(65535), (bytes, port) => {
      const hex = `${encode(bytes)}:${port.toString(16).padStart(4, "0")}`;

      assert.deepEqual(parseHexEndpoint(hex), { address: bytes.join("."), port });
    }),
  );
});

test("an endpoint is shown so that its port can be told from it", () => {
  assert.equal(formatEndpoint({ address: "fd00::1", port: 80 }), "[fd00::1]:80");
  assert.equal(formatEndpoint({ address: "0.0.0.0", port: 0 }), "0.0.0.0:*");
  assert.equal(isUnspecified({ address: "::", port: 0 }), true);
  assert.equal(isUnspecified({ address: "10.0.0.1", port: 0 }), false);
});

test("what is no address is undefined", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => parseHexEndpoint(text) === undefined));
});
