import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseElfBuildId } from "../../src/parsers/elf-build-id.ts";

const ID = Buffer.from("0123456789abcdef0123456789abcdef01234567", "hex");

/** To the next multiple of four bytes. */
const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

/** A note as elf(5) lays it out. */
function note(name: string, type: number, value: Buffer, little: boolean): Buffer {
  const head = Buffer.alloc(12);
  const words = [name.length + 1, value.length, type];
  words.forEach((word, at) => (little ? head.writeUInt32LE(word, at * 4) : head.writeUInt32BE(word, at * 4)));
  return Buffer.concat([head, padded(Buffer.from(`${name}\0`)), padded(value)]);
}

/** The front of a 64-bit little-endian executable: a segment to load, then one of notes. */
function executable64(): Buffer {
  const notes = Buffer.concat([note("Go", 4, Buffer.from("abc"), true), note("GNU", 3, ID, true)]);
  const bytes = Buffer.alloc(64 + 2 * 56);
  bytes.write("\x7fELF\x02\x01\x01", "latin1");
  bytes.writeBigUInt64LE(64n, 0x20);
  bytes.writeUInt16LE(56, 0x36);
  bytes.writeUInt16LE(2, 0x38);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(4, 120);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 120 + 8);
  bytes.writeBigUInt64LE(BigInt(notes.length), 120 + 32);
  return Buffer.concat([bytes, notes]);
}

function executable32BigEndian(): Buffer {
  const notes = note("GNU", 3, ID, false);
  const bytes = Buffer.alloc(52 + 32);
  bytes.write("\x7fELF\x01\x02\x01", "latin1");
  bytes.writeUInt32BE(52, 0x1c);
  bytes.writeUInt16BE(32, 0x2a);
  bytes.writeUInt16BE(1, 0x2c);
  bytes.writeUInt32BE(4, 52);
  bytes.writeUInt32BE(bytes.length, 52 + 4);
  bytes.writeUInt32BE(notes.length, 52 + 16);
  return Buffer.concat([bytes, notes]);
}

test("the build id is found behind other notes, in either word size and byte order", () => {
  assert.equal(parseElfBuildId(executable64()), ID.toString("hex"));
  assert.equal(parseElfBuildId(executable32BigEndian()), ID.toString("hex"));
});

test("a note that is cut off, and a file that is no executable, give no id", () => {
  const whole = executable64();

  assert.equal(parseElfBuildId(whole.subarray(0, whole.length - 8)), undefined);
  assert.equal(parseElfBuildId(Buffer.from("#!/bin/sh\n".padEnd(100))), undefined);
  assert.equal(parseElfBuildId(Buffer.alloc(0)), undefined);
});

test("a real executable has an id of hexadecimal digits, or none in its first 64 KiB", () => {
  const found = parseElfBuildId(readFileSync("/bin/sh").subarray(0, 65536));

  assert.match(found ?? "none", /^(?:none|[0-9a-f]{8,128})$/);
});

test("no damage to an executable makes the parser throw or go on for ever", () => {
  const whole = executable64();
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 });
  fc.assert(
    fc.property(damage, fc.nat(whole.length), (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      parseElfBuildId(bytes.subarray(0, length));
    }),
  );
});
