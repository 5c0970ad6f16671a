// The notes of a Linux core on x86-64 (core(5), elf(5), include/uapi/linux/elfcore.h), in the kernel's order: the leading
// thread's registers first, because gdb takes the first NT_PRSTATUS for the current thread.
import type { Area } from "../../parsers/proc-maps.ts";

const NT_PRSTATUS = 1;
const NT_FPREGSET = 2;
const NT_PRPSINFO = 3;
const NT_AUXV = 6;
const NT_X86_XSTATE = 0x202;
const NT_FILE = 0x46494c45;
const NT_SIGINFO = 0x53494749;

const PAGE_BYTES = 4096;

/** One stopped thread. */
export interface ThreadRegisters {
  readonly id: number;
  /** struct user_regs_struct, 216 bytes. */
  readonly general: Buffer;
  /** FXSAVE, 512 bytes. */
  readonly floating: Buffer | undefined;
  /** XSAVE, as PTRACE_GETREGSET gives it. */
  readonly extended: Buffer | undefined;
  /** Hexadecimal, of /proc/PID/task/TID/status. */
  readonly pendingSignals: string;
  readonly blockedSignals: string;
}

/** What the notes say of the process as a whole. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly state: string;
  readonly nice: number;
  readonly user: number;
  readonly userGroup: number;
  /** comm and arguments: bytes of a stranger as latin1. */
  readonly command: string;
  readonly arguments: string;
  readonly auxiliaryVector: Buffer;
}

const aligned = (length: number) => (length + 3) & ~3;

function note(type: number, content: Buffer, owner = "CORE"): Buffer {
  const name = Buffer.from(`${owner}\0`, "latin1");
  const bytes = Buffer.alloc(12 + aligned(name.length) + aligned(content.length));
  bytes.writeUInt32LE(name.length, 0);
  bytes.writeUInt32LE(content.length, 4);
  bytes.writeUInt32LE(type, 8);
  name.copy(bytes, 12);
  content.copy(bytes, 12 + aligned(name.length));
  return bytes;
}

const signalSet = (hexadecimal: string) =>
  /^[0-9a-f]{1,16}$/.test(hexadecimal) ? BigInt(`0x${hexadecimal}`) : 0n;

/** struct elf_prstatus. */
function status(thread: ThreadRegisters, facts: ProcessFacts): Buffer {
  const bytes = Buffer.alloc(336);
  bytes.writeBigUInt64LE(signalSet(thread.pendingSignals), 16);
  bytes.writeBigUInt64LE(signalSet(thread.blockedSignals), 24);
  bytes.writeInt32LE(thread.id, 32);
  bytes.writeInt32LE(facts.parent, 36);
  bytes.writeInt32LE(facts.group, 40);
  bytes.writeInt32LE(facts.session, 44);
  thread.general.copy(bytes, 112, 0, 216);
  bytes.writeInt32LE(thread.floating === undefined ? 0 : 1, 328);
  return bytes;
}

/** struct elf_prpsinfo. */
function processInfo(facts: ProcessFacts): Buffer {
  const bytes = Buffer.alloc(136);
  bytes.write(facts.state.slice(0, 1), 1, "latin1");
  bytes.writeInt8(Math.max(-20, Math.min(19, facts.nice)), 3);
  bytes.writeUInt32LE(facts.user, 16);
  bytes.writeUInt32LE(facts.userGroup, 20);
  bytes.writeInt32LE(facts.pid, 24);
  bytes.writeInt32LE(facts.parent, 28);
  bytes.writeInt32LE(facts.group, 32);
  bytes.writeInt32LE(facts.session, 36);
  bytes.write(facts.command.slice(0, 15), 40, "latin1");
  bytes.write(facts.arguments.slice(0, 79), 56, "latin1");
  return bytes;
}

/** NT_FILE: which file is mapped where; a debugger finds the shared libraries by it. */
function mappedFiles(areas: readonly Area[]): Buffer {
  const files = areas.filter(({ inode, name }) => inode !== 0 && name.startsWith("/"));
  const names = Buffer.from(files.map(({ name }) => `${name}\0`).join(""), "latin1");
  const table = Buffer.alloc(16 + 24 * files.length);
  table.writeBigUInt64LE(BigInt(files.length), 0);
  table.writeBigUInt64LE(BigInt(PAGE_BYTES), 8);
  files.forEach((area, index) => {
    const at = 16 + 24 * index;
    table.writeBigUInt64LE(BigInt(area.start), at);
    table.writeBigUInt64LE(BigInt(area.end), at + 8);
    table.writeBigUInt64LE(BigInt(Math.floor(area.offset / PAGE_BYTES)), at + 16);
  });
  return Buffer.concat([table, names]);
}

/**
 * NT_X86_XSTATE as long as gdb before version 14 expects it: Intel's layout for the features in XCR0. On AMD the kernel
 * returns less, and gdb would warn "Section .reg-xstate too small".
 */
function padExtended(bytes: Buffer): Buffer {
  if (bytes.length < 576) return bytes;
  const features = Number(bytes.readBigUInt64LE(464) & 0xffffn);
  let length = 576;
  if (features & 0x200) length = 2696;
  else if (features & 0xe0) length = 2688;
  else if (features & 0x18) length = 1088;
  else if (features & 0x4) length = 832;
  return bytes.length >= length ? bytes : Buffer.concat([bytes, Buffer.alloc(length - bytes.length)]);
}

/** All notes; the first thread is the one a debugger shows first. */
export function buildNotes(
  facts: ProcessFacts,
  threads: readonly ThreadRegisters[],
  areas: readonly Area[],
): Buffer {
  const notes: Buffer[] = [];
  threads.forEach((thread, index) => {
    notes.push(note(NT_PRSTATUS, status(thread, facts)));
    if (index === 0)
      notes.push(
        note(NT_PRPSINFO, processInfo(facts)),
        // Zeros: no signal brought it here.
        note(NT_SIGINFO, Buffer.alloc(128)),
        note(NT_AUXV, facts.auxiliaryVector),
        note(NT_FILE, mappedFiles(areas)),
      );
    if (thread.floating) notes.push(note(NT_FPREGSET, thread.floating));
    if (thread.extended) notes.push(note(NT_X86_XSTATE, padExtended(thread.extended), "LINUX"));
  });
  return Buffer.concat(notes);
}
