// Which signals a Node process handles through libuv, that is `process.on("SIGUSR1")` and the like. The masks of the
// kernel cannot tell the application's handler of SIGUSR1 from Node's own, libuv's table can: a red-black tree of
// uv_signal_t, `uv__signal_tree` (deps/uv/src/unix/signal.c). It is read from /proc/PID/mem, which stops nothing.
import { closeSync, openSync, readSync } from "node:fs";
import type { HeldProcess } from "../host/process-files.ts";
import { findSymbol } from "../parsers/elf-symbols.ts";
import { attempt } from "../target/executable.ts";
import { withExecutable } from "../target/executable-file.ts";
import { mapsOf } from "../target/runtime.ts";

/** Node 26 has 12 MiB of symbols and 30 MiB of names. */
const SYMBOLS_LIMIT_BYTES = 64 * 1024 ** 2;
const NAMES_LIMIT_BYTES = 128 * 1024 ** 2;

/** Offsets in uv_signal_t on 64 bits, the same in libuv 1.44 to 1.51 (Node 18 to 26). */
const AT = { type: 16, signal: 104, left: 112, right: 120 } as const;
const NODE_BYTES = 128;
/** `UV_SIGNAL` of uv_handle_type: that the field has it checks the layout. */
const UV_SIGNAL = 16;
/** There are 64 signals, and a handler may be set more than once. */
const MOST_NODES = 1024;

/** The numbers of the signals that it watches at this moment; undefined when they cannot be told. */
export type SignalTable = () => ReadonlySet<number> | undefined;

/**
 * The table of a process, found when it is first asked, and only then: its symbol is in tens of megabytes. What it gives is
 * undefined when the executable is stripped, its layout another, or its memory not to be read.
 */
export function openSignalTable(held: HeldProcess): SignalTable {
  let found: { readonly address: number | undefined } | undefined;
  return () => {
    found ??= { address: treeAddress(held) };
    return found.address === undefined ? undefined : handledSignals(held, found.address);
  };
}

function handledSignals(held: HeldProcess, address: number): ReadonlySet<number> | undefined {
  const memory = attempt(() => openSync(held.pathOf("mem"), "r"));
  if (memory === undefined) return undefined;
  try {
    return attempt(() => walk((at, bytes) => readAt(memory, at, bytes), address));
  } finally {
    closeSync(memory);
  }
}

function treeAddress(held: HeldProcess): number | undefined {
  const found = withExecutable(held, (file) => {
    const table = file.section(".symtab", SYMBOLS_LIMIT_BYTES);
    const names = file.section(".strtab", NAMES_LIMIT_BYTES);
    if (table === undefined || names === undefined) return undefined;
    // A number behind it where the compiler made the name unique (Node 26).
    const wanted = { prefix: "uv__signal_tree", name: /^uv__signal_tree(?:\.\d+)?$/ };
    const symbol = findSymbol(table, names, wanted);
    return symbol && { address: symbol.address, isRelative: file.isPositionIndependent };
  });
  if (found === undefined || !found.isRelative) return found?.address;
  const base = loadedAt(held);
  return base === undefined ? undefined : base + found.address;
}

/** Where the executable's first byte is mapped (proc_pid_maps(5)). */
function loadedAt(held: HeldProcess): number | undefined {
  const path = attempt(() => held.linkSync("exe").toString("latin1"));
  const line = mapsOf(held)
    ?.split("\n")
    .find((candidate) => path !== undefined && candidate.endsWith(` ${path}`));
  const match = /^([0-9a-f]{1,12})-[0-9a-f]+ \S+ 0+ /.exec(line ?? "");
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 16);
}

type Read = (address: number, bytes: number) => Buffer | undefined;

function walk(read: Read, treeAt: number): ReadonlySet<number> | undefined {
  const root = read(treeAt, 8);
  if (root === undefined) return undefined;
  const signals = new Set<number>();
  const waiting = [Number(root.readBigUInt64LE(0))];
  for (let nodes = 0; waiting.length > 0; nodes++) {
    const at = waiting.pop();
    if (at === undefined || at === 0) continue;
    const node = nodes < MOST_NODES && Number.isSafeInteger(at) ? read(at, NODE_BYTES) : undefined;
    if (node === undefined || node.readInt32LE(AT.type) !== UV_SIGNAL) return undefined;
    signals.add(node.readInt32LE(AT.signal));
    waiting.push(Number(node.readBigUInt64LE(AT.left)), Number(node.readBigUInt64LE(AT.right)));
  }
  return signals;
}

function readAt(memory: number, address: number, bytes: number): Buffer | undefined {
  const buffer = Buffer.alloc(bytes);
  return readSync(memory, buffer, 0, bytes, address) === bytes ? buffer : undefined;
}
