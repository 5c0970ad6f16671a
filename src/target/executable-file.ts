// Reads in the executable of a process through /proc/PID/exe, which stays readable when the file was removed or
// replaced. It is data of a stranger: every read is bounded, nothing is ever executed.
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { HeldProcess } from "../host/process-files.ts";
import {
  ELF_HEADER_BYTES,
  parseElfHeader,
  parseSections,
  sectionName,
  tableBytes,
  type Section,
} from "../parsers/elf-sections.ts";
import { attempt } from "./executable.ts";

/** Names of sections are some kilobytes at most. */
const NAMES_LIMIT_BYTES = 256 * 1024;
const CHUNK_BYTES = 1024 ** 2;
/** `e_type` of what has no address of its own (elf(5)). */
const ET_DYN = 3;

export interface ExecutableFile {
  /** It may be loaded anywhere: its addresses count from where it was (ET_DYN). */
  readonly isPositionIndependent: boolean;
  readonly has: (section: string) => boolean;
  /** The first `limitBytes` of a section; undefined when there is no such section. */
  readonly section: (name: string, limitBytes: number) => Buffer | undefined;
  /** The first group of the first match in a section, read a megabyte at a time; a match is at most 64 bytes. */
  readonly search: (name: string, pattern: RegExp, limitBytes: number) => string | undefined;
}

/** What `use` makes of the executable; undefined when it cannot be read or is not ELF with a section table. */
export function withExecutable<T>(held: HeldProcess, use: (file: ExecutableFile) => T): T | undefined {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  const descriptor = attempt(() => openSync(held.pathOf("exe"), flags));
  if (descriptor === undefined) return undefined;
  try {
    return attempt(() => {
      const file = fstatSync(descriptor).isFile() ? sectionsOf(descriptor) : undefined;
      return file === undefined ? undefined : use(file);
    });
  } finally {
    closeSync(descriptor);
  }
}

function sectionsOf(descriptor: number): ExecutableFile | undefined {
  const header = readAt(descriptor, 0, ELF_HEADER_BYTES);
  const table = parseElfHeader(header);
  if (table === undefined) return undefined;
  const sections = parseSections(readAt(descriptor, table.offset, tableBytes(table)));
  const names = sections[table.namesIndex];
  if (names === undefined) return undefined;
  const texts = readAt(descriptor, names.offset, Math.min(names.sizeBytes, NAMES_LIMIT_BYTES));
  const byName = new Map<string, Section>();
  for (const section of sections) byName.set(sectionName(texts, section.nameOffset), section);
  return {
    isPositionIndependent: header.readUInt16LE(16) === ET_DYN,
    has: (name) => byName.has(name),
    section: (name, limitBytes) => {
      const section = byName.get(name);
      return section && readAt(descriptor, section.offset, Math.min(section.sizeBytes, limitBytes));
    },
    search: (name, pattern, limitBytes) => {
      const section = byName.get(name);
      if (section === undefined) return undefined;
      const end = section.offset + Math.min(section.sizeBytes, limitBytes);
      // Reads overlap, so that a match across the border of two is seen.
      for (let at = section.offset; at < end; at += CHUNK_BYTES) {
        const text = readAt(descriptor, at, Math.min(CHUNK_BYTES + 64, end - at)).toString("latin1");
        const match = pattern.exec(text);
        if (match) return match[1];
      }
      return undefined;
    },
  };
}

function readAt(descriptor: number, position: number, length: number): Buffer {
  if (!Number.isSafeInteger(position)) return Buffer.alloc(0);
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, length, position));
}
