import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  ELF_HEADER_BYTES,
  parseElfHeader,
  parseSections,
  sectionName,
  tableBytes,
} from "../../src/parsers/elf-sections.ts";

test("the sections of a real program are found by name, with what is in them", () => {
  const bytes = readFileSync("/bin/sleep");

  const table = parseElfHeader(bytes.subarray(0, ELF_HEADER_BYTES));

  assert.ok(table);
  const sections = parseSections(bytes.subarray(table.offset, table.offset + tableBytes(table)));
  const names = sections[table.namesIndex];
  assert.ok(names);
  const texts = bytes.subarray(names.offset, names.offset + names.sizeBytes);
  const byName = new Map(sections.map((section) => [sectionName(texts, section.nameOffset), section]));
  const interpreter = byName.get(".interp");
  assert.ok(interpreter);
  const path = bytes.toString("latin1", interpreter.offset, interpreter.offset + interpreter.sizeBytes - 1);
  assert.match(path, /^\/lib.*\/ld-/);
  assert.equal(byName.get(".bss")?.sizeBytes, 0);
});

test("a script, an empty file and a 32-bit program have no section table", () => {
  const small = Buffer.alloc(ELF_HEADER_BYTES);
  small.write("\x7fELF\x01\x01", "latin1");

  assert.equal(parseElfHeader(Buffer.from("#!/bin/sh\n".padEnd(ELF_HEADER_BYTES))), undefined);
  assert.equal(parseElfHeader(Buffer.alloc(0)), undefined);
  assert.equal(parseElfHeader(small), undefined);
});

test("no bytes make the ELF parser throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 400 }), (bytes, offset) => {
      const header = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, ...bytes]);
      parseElfHeader(header);
      parseSections(bytes);
      sectionName(bytes, offset);
    }),
  );
});
