// The memory of a process that is none: files as /proc/PID has them, with what V8 keeps of its own lines in it.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { HeldProcess } from "../../src/host/process-files.ts";

const PAGE_BYTES = 4096;
const RING_BYTES = 512;

const range = (start: number, bytes: number) => `${start.toString(16)}-${(start + bytes).toString(16)}`;

/** `[heap]` is two megabytes from `heapAt`; only pages that something was written to are there. */
export function isolateMemory(t: Pick<TestContext, "after">, { pid = 4711, heapAt = 0x1000_0000 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-memory-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const pathOf = (name: string) => join(folder, name);
  writeFileSync(pathOf("maps"), `${range(heapAt, 2 * 1024 ** 2)} rw-p 00000000 00:00 0      [heap]\n`);
  writeFileSync(pathOf("status"), `Name:\tnode\nNSpid:\t99\t${pid}\n`);
  writeFileSync(pathOf("mem"), "");
  writeFileSync(pathOf("pagemap"), Buffer.alloc(((heapAt + 2 * 1024 ** 2) / PAGE_BYTES) * 8));
  const write = (address: number, bytes: Uint8Array, isThere = true) => {
    const memory = openSync(pathOf("mem"), "r+");
    writeSync(memory, bytes, 0, bytes.length, address);
    closeSync(memory);
    const pagemap = openSync(pathOf("pagemap"), "r+");
    for (let page = Math.floor(address / PAGE_BYTES); page * PAGE_BYTES < address + bytes.length; page++)
      writeSync(pagemap, Uint8Array.of(isThere ? 0x80 : 0), 0, 1, page * 8 + 7);
    closeSync(pagemap);
  };
  const held: HeldProcess = {
    pid: 99,
    pathOf,
    readSync: (name) => readFileSync(pathOf(name)),
    read: async (name) => readFileSync(pathOf(name)),
    listSync: () => [],
    list: async () => [],
    linkSync: () => Buffer.alloc(0),
    link: async () => Buffer.alloc(0),
    tail: async () => Buffer.alloc(0),
    close: () => undefined,
  };
  return { held, write, pid, heapAt };
}

/** A buffer as V8 fills it: Heap::AddToRingBuffer. */
export function fillRing(texts: readonly string[]): Buffer {
  const bytes = Buffer.alloc(RING_BYTES + 16);
  let end = 0;
  for (const byte of Buffer.from(texts.join(""), "latin1")) {
    if (end === RING_BYTES) [end, bytes[RING_BYTES]] = [0, 1];
    bytes[end++] = byte;
  }
  bytes.writeBigUInt64LE(BigInt(end), RING_BYTES + 8);
  return bytes;
}
