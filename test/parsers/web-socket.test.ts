import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeFrame, encodeText, frameLength } from "../../src/parsers/web-socket.ts";

test("a text of any length is read as it was written, and only once all of it is there", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
    const text = "é".repeat(Math.floor(length / 2)) + "x".repeat(length % 2);
    const frame = encodeText(text, Buffer.from([1, 2, 3, 4]));

    assert.equal(decodeFrame(frame.subarray(0, -1)), undefined);
    assert.equal(decodeFrame(Buffer.concat([frame, Buffer.from("rest")]))?.payload.toString(), text);
    assert.equal(frameLength(frame), frame.length);
  }
});

test("whatever bytes come, reading them never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeFrame(Buffer.from(bytes))));
});
