// Whether a compressed core is whole: all of it is decoded once (its checksum included), its length is compared, and its
// head is read as any debugger would.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { messageOf } from "../errors.ts";
import { BEHIND } from "../host/priority.ts";
import { killGroup } from "../host/process-group.ts";
import { run } from "../host/run.ts";
import { startReading } from "../host/start.ts";
import {
  ELF_HEADER_BYTES,
  PN_XNUM,
  PT_LOAD,
  PT_NOTE,
  parseElfHeader,
  parseNotes,
  parseProgramHeaders,
  parseSectionInfo,
  SECTION_HEADER_BYTES,
  threadIdsOf,
} from "../parsers/elf-core.ts";

/** 65,530 areas take 4 MB, a thread takes 4 KB. */
const MOST_HEAD_BYTES = 256 * 1024 ** 2;

export interface VerifiedCore {
  readonly problems: readonly string[];
  readonly threadIds: readonly number[] | undefined;
}

export interface StreamExpected {
  /** How much of its beginning holds headers and notes, as its writer says. */
  readonly headBytes: number;
  readonly threads: readonly number[];
  /** What all of it was decoded to, where that was done already. */
  readonly decodedBytes?: number;
}

export async function verifyStream(path: string, expected: StreamExpected): Promise<VerifiedCore> {
  const headBytes = Math.min(expected.headBytes, MOST_HEAD_BYTES);
  try {
    const counted = expected.decodedBytes ?? (await testedBytes(path));
    if (counted === "broken") return broken("the compressed core does not decode");
    const { head, bytes } = await decode(path, { headBytes, all: counted === undefined });
    return verifyHead(head, counted ?? bytes, expected.threads);
  } catch (error) {
    return broken(`the compressed core cannot be read: ${messageOf(error)}`);
  }
}

/** How much zstd decodes it to, its checksum tested; undefined when it does not say. */
async function testedBytes(path: string): Promise<number | "broken" | undefined> {
  const { exitCode, stderr } = await run({ argv: ["zstd", "-t", "--", path], priority: BEHIND });
  return exitCode === 0 ? toldBytes(stderr) : "broken";
}

/** Of `zstd -t`: "core.zst            : 1060356096 bytes", exact (1.5.4). Who says it in another way is not believed. */
export function toldBytes(stderr: string): number | undefined {
  const told = /: (\d{1,15}) bytes\s*$/.exec(stderr)?.[1];
  return told === undefined ? undefined : Number(told);
}

/**
 * The head of what was compressed, and how many bytes were decoded for it: just as many, or `all`. Taking gigabytes through
 * a pipe into this process costs more than decoding them (measured), so zstd alone tests and counts them where it can.
 */
async function decode(
  path: string,
  { headBytes, all }: { readonly headBytes: number; readonly all: boolean },
): Promise<{ readonly head: Buffer; readonly bytes: number }> {
  const child = startReading(["zstd", "-q", "-d", "-c", "--", path]);
  const kept: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of child.stdout ?? []) {
      const data: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      if (bytes < headBytes) kept.push(Buffer.from(data.subarray(0, headBytes - bytes)));
      bytes += data.length;
      if (!all && bytes >= headBytes) break;
    }
  } finally {
    killGroup(child.pid, "SIGKILL");
  }
  return { head: Buffer.concat(kept), bytes };
}

/** The same for a core as it is. */
export async function verifyPlain(
  path: string,
  expected: { readonly headBytes: number; readonly threads: readonly number[] },
): Promise<VerifiedCore> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const head = Buffer.alloc(Math.min(expected.headBytes, MOST_HEAD_BYTES));
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return verifyHead(head.subarray(0, bytesRead), (await file.stat()).size, expected.threads);
  } finally {
    await file.close();
  }
}

/** What is wrong with a core of `bytes` bytes that begins with `head`; pure. */
export function verifyHead(head: Buffer, bytes: number, threads: readonly number[]): VerifiedCore {
  const header = parseElfHeader(head.subarray(0, ELF_HEADER_BYTES));
  if (header === undefined) return broken("the core does not begin as one");
  const { programHeaders, sectionHeaders } = header;
  const section = head.subarray(sectionHeaders.offset, sectionHeaders.offset + SECTION_HEADER_BYTES);
  const count = programHeaders.count === PN_XNUM ? parseSectionInfo(section) : programHeaders.count;
  const table = head.subarray(
    programHeaders.offset,
    programHeaders.offset + (count ?? 0) * programHeaders.size,
  );
  const segments = parseProgramHeaders(table, programHeaders.size);
  if (count === undefined || segments.length !== count) return broken("the core's headers are cut off");
  const needed = segments.reduce((most, { offset, fileBytes }) => Math.max(most, offset + fileBytes), 0);
  const problems: string[] = [];
  if (bytes !== needed) problems.push(`the core has ${bytes} bytes where its headers need ${needed}`);
  if (!segments.some(({ type, fileBytes }) => type === PT_LOAD && fileBytes > 0))
    problems.push("the core holds no memory");
  const threadIds = segments
    .filter(({ type }) => type === PT_NOTE)
    .flatMap(({ offset, fileBytes }) => threadIdsOf(parseNotes(head.subarray(offset, offset + fileBytes))));
  if (threadIds.length === 0) problems.push("the core holds no thread");
  const there = new Set(threadIds);
  const missing = threads.filter((thread) => !there.has(thread));
  if (missing.length > 0)
    problems.push(
      `${missing.length} of ${threads.length} threads are not in the core, the first ${missing[0]}`,
    );
  return { problems, threadIds };
}

function broken(problem: string): VerifiedCore {
  return { problems: [problem], threadIds: undefined };
}
