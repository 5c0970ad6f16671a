// What the kernel's interface looks like on x86-64: registers, system calls, and the frame of rt_sigreturn(2). Another
// architecture is another file like this one.

/** struct user_regs_struct: 27 words. */
export const REGISTER_BYTES = 27 * 8;
export const FLOATING_BYTES = 512;
/** The kernel fills in what there is; the tiles of AMX need 11 KB. */
export const MOST_EXTENDED_BYTES = 16_384;

export const Register = {
  r15: 0,
  r14: 1,
  r13: 2,
  r12: 3,
  rbp: 4,
  rbx: 5,
  r11: 6,
  r10: 7,
  r9: 8,
  r8: 9,
  rax: 10,
  rcx: 11,
  rdx: 12,
  rsi: 13,
  rdi: 14,
  origRax: 15,
  rip: 16,
  cs: 17,
  eflags: 18,
  rsp: 19,
  ss: 20,
  fsBase: 21,
} as const;
export type RegisterName = keyof typeof Register;

export const Syscall = {
  rt_sigreturn: 15,
  madvise: 28,
  clone: 56,
  wait4: 61,
  rt_sigsuspend: 130,
  restart_syscall: 219,
  exit_group: 231,
  close_range: 436,
} as const;

/** Only a 64-bit thread has it in `cs`; 32-bit code runs with 0x23. */
export const CODE_SEGMENT_64 = 0x33;
/** Below the stack pointer a function may keep this much without moving it (System V ABI, "red zone"). */
export const RED_ZONE_BYTES = 128;

/** `syscall; ret`. */
export const SYSCALL_RETURN = Buffer.from("0f05c3", "hex");
/** `mov $15, %rax; syscall`: every C library ends signal handlers with it (sigaction(2), SA_RESTORER). */
export const RESTORER = Buffer.from("48c7c00f0000000f05", "hex");

export function getRegister(registers: Buffer, name: RegisterName): bigint {
  return registers.readBigUInt64LE(Register[name] * 8);
}

export function setRegister(registers: Buffer, name: RegisterName, value: bigint): void {
  registers.writeBigUInt64LE(BigInt.asUintN(64, value), Register[name] * 8);
}

/** A system call to make: its number and arguments. */
export interface Call {
  readonly number: number;
  readonly arguments: readonly bigint[];
}

const ARGUMENTS: readonly RegisterName[] = ["rdi", "rsi", "rdx", "r10", "r8", "r9"];

/** Puts a call into registers, to be made at `rip`. */
export function loadCall(
  registers: Buffer,
  call: Call,
  at: { readonly rip: bigint; readonly rsp: bigint },
): void {
  setRegister(registers, "rip", at.rip);
  setRegister(registers, "rsp", at.rsp);
  setRegister(registers, "rax", BigInt(call.number));
  // -1 tells the kernel that this is no interrupted call: nothing is restarted.
  setRegister(registers, "origRax", -1n);
  ARGUMENTS.forEach((name, index) => setRegister(registers, name, call.arguments[index] ?? 0n));
}

/** struct rt_sigframe without its siginfo, which rt_sigreturn never reads. */
export const FRAME_BYTES = 320;

/** Order of struct sigcontext_64, from its start. */
const CONTEXT: readonly RegisterName[] = [
  ...(["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx"] as const),
  ...(["rdx", "rax", "rcx", "rsp", "rip", "eflags"] as const),
];

/**
 * A frame that rt_sigreturn turns into `registers` and `signalMask` when the stack pointer stands right behind its first
 * word, the return address `restorer` (arch/x86/kernel/signal_64.c). `floatingAt` is where the XSAVE image lies, 64-byte
 * aligned; 0 resets the floating point state.
 */
export function buildFrame(frame: {
  readonly registers: Buffer;
  readonly signalMask: bigint;
  readonly restorer: bigint;
  readonly floatingAt: bigint;
}): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES);
  bytes.writeBigUInt64LE(frame.restorer, 0);
  // UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
  bytes.writeBigUInt64LE(7n, 8);
  // An alternate stack that cannot be: rt_sigreturn ignores that it is refused, and the thread keeps its own.
  bytes.writeInt32LE(5, 32);
  CONTEXT.forEach((name, index) =>
    bytes.writeBigUInt64LE(getRegister(frame.registers, name), 48 + 8 * index),
  );
  bytes.writeUInt16LE(Number(getRegister(frame.registers, "cs") & 0xffffn), 48 + 144);
  bytes.writeUInt16LE(Number(getRegister(frame.registers, "ss") & 0xffffn), 48 + 150);
  bytes.writeBigUInt64LE(frame.floatingAt, 48 + 184);
  bytes.writeBigUInt64LE(frame.signalMask, 8 + 296);
  return bytes;
}

const XSTATE_MAGIC_1 = 0x46505853;
const XSTATE_MAGIC_2 = 0x46505845;

/** An XSAVE image as a signal frame holds it: struct _fpx_sw_bytes in its reserved bytes, a second magic number behind it. */
export function buildFloating(extended: Buffer): Buffer {
  // Without AMX in use the kernel keeps no more than this for a thread, and refuses a longer image.
  const length = extended.length > 2696 && !usesTiles(extended) ? 2696 : extended.length;
  const bytes = Buffer.alloc(length + 4);
  extended.copy(bytes, 0, 0, length);
  const features = extended.readBigUInt64LE(464);
  bytes.fill(0, 464, 512);
  bytes.writeUInt32LE(XSTATE_MAGIC_1, 464);
  bytes.writeUInt32LE(length + 4, 468);
  bytes.writeBigUInt64LE(features, 472);
  bytes.writeUInt32LE(length, 480);
  bytes.writeUInt32LE(XSTATE_MAGIC_2, length);
  return bytes;
}

/** XSTATE_BV, bits 17 and 18. */
function usesTiles(extended: Buffer): boolean {
  return (extended.readBigUInt64LE(512) & 0x6_0000n) !== 0n;
}

const ERESTARTSYS = -512n;
const ERESTARTNOINTR = -513n;
const ERESTARTNOHAND = -514n;
const ERESTART_RESTARTBLOCK = -516n;

/** The call that a stopped thread was in will be made again by the kernel (arch/x86/kernel/signal.c). */
export function isInterrupted(registers: Buffer): boolean {
  const result = BigInt.asIntN(64, getRegister(registers, "rax"));
  if (!isInCall(registers)) return false;
  return [ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK].includes(result);
}

/** A wait of limited length, of which the kernel alone knows what is left. */
export function isTimed(registers: Buffer): boolean {
  return isInCall(registers) && BigInt.asIntN(64, getRegister(registers, "rax")) === ERESTART_RESTARTBLOCK;
}

export function isInCall(registers: Buffer): boolean {
  return BigInt.asIntN(64, getRegister(registers, "origRax")) >= 0n;
}

/**
 * The registers with which a thread goes on by itself, as after a signal: where the kernel would have made the call again,
 * the thread makes it (a limited wait then begins anew).
 */
export function resumable(registers: Buffer): Buffer {
  const own = Buffer.from(registers);
  if (isInterrupted(registers)) {
    setRegister(own, "rax", getRegister(registers, "origRax"));
    setRegister(own, "rip", getRegister(registers, "rip") - 2n);
  }
  setRegister(own, "origRax", -1n);
  return own;
}
