import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  auxiliaryValue,
  buildIdOf,
  parseElfHeader,
  parseNotes,
  parseProgramHeaders,
  parseSectionInfo,
  threadIdsOf,
} from "../../src/parsers/elf-core.ts";

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function note(owner: string, type: number, content: Buffer): Buffer {
  const name = Buffer.from(`${owner}\0`);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(name.length, 0);
  head.writeUInt32LE(content.length, 4);
  head.writeUInt32LE(type, 8);
  return Buffer.concat([head, pad(name), pad(content)]);
}

test("notes give thread ids, auxiliary values and the build id, whatever lies between", () => {
  const status = Buffer.alloc(336);
  status.writeInt32LE(4242, 32);
  const vector = Buffer.alloc(32);
  vector.writeBigUInt64LE(3n, 0);
  vector.writeBigUInt64LE(0x400040n, 8);

  const notes = parseNotes(
    Buffer.concat([
      note("CORE", 1, status),
      note("LINUX", 0x202, Buffer.alloc(5)),
      note("CORE", 6, vector),
      note("GNU", 3, Buffer.from("abcd", "hex")),
    ]),
  );

  assert.deepEqual(threadIdsOf(notes), [4242]);
  assert.equal(auxiliaryValue(notes, 3n), 0x400040n);
  assert.equal(auxiliaryValue(notes, 5n), undefined);
  assert.equal(buildIdOf(notes), "abcd");
});

test("a note that is cut off ends the list instead of being half read", () => {
  const whole = note("CORE", 1, Buffer.alloc(336));

  assert.equal(parseNotes(Buffer.concat([whole, whole.subarray(0, 100)])).length, 1);
});

test("an executable or a big-endian file is no core", () => {
  const header = Buffer.alloc(64);
  Buffer.from("7f454c460201", "hex").copy(header);
  header.writeUInt16LE(4, 16);

  assert.notEqual(parseElfHeader(header), undefined);
  assert.equal(parseElfHeader(Buffer.from(header).fill(2, 5, 6)), undefined);
  assert.equal(parseElfHeader(Buffer.from(header).fill(3, 16, 17)), undefined);
});

test("the readers of ELF structures never throw", () => {
  const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));

  fc.assert(
    fc.property(bytes, fc.nat({ max: 100 }), (input, size) => {
      parseElfHeader(input);
      parseSectionInfo(input);
      parseProgramHeaders(input, size);
      const notes = parseNotes(input);
      threadIdsOf(notes);
      auxiliaryValue(notes, 3n);
      buildIdOf(notes);
    }),
  );
});
