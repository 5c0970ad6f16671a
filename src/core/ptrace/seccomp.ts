// Whether the target's seccomp filters would let a system call through, found out without making it: the filters are read,
// and their classic BPF is run here (seccomp(2); Documentation/networking/filter.rst).
import { Errno, Request, SystemError, type System } from "./system.ts";
import type { Call } from "./x86-64.ts";

const AUDIT_ARCH_X86_64 = 0xc000_003e;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
const DATA_BYTES = 64;
const MOST_INSTRUCTIONS = 4096;

/** The filters of a stopped thread. Undefined when they may not be read: that takes CAP_SYS_ADMIN. */
export function readFilters(system: System, thread: number): readonly Buffer[] | undefined {
  const filters: Buffer[] = [];
  for (;;) {
    const program = Buffer.alloc(8 * MOST_INSTRUCTIONS);
    try {
      const length = system.ptrace(Request.SECCOMP_GET_FILTER, thread, filters.length, program);
      filters.push(program.subarray(0, length * 8));
    } catch (error) {
      if (error instanceof SystemError && error.errno === Errno.ENOENT) return filters;
      return undefined;
    }
  }
}

/** Whether every filter lets this call through as it is. */
export function allows(filters: readonly Buffer[], call: Call, instructionPointer: bigint): boolean {
  const data = Buffer.alloc(DATA_BYTES);
  data.writeInt32LE(call.number, 0);
  data.writeUInt32LE(AUDIT_ARCH_X86_64, 4);
  data.writeBigUInt64LE(BigInt.asUintN(64, instructionPointer), 8);
  call.arguments.forEach((value, index) => data.writeBigUInt64LE(BigInt.asUintN(64, value), 16 + 8 * index));
  return filters.every((program) => {
    const action = runFilter(program, data);
    return action !== undefined && action >>> 0 === SECCOMP_RET_ALLOW;
  });
}

/** What a filter answers for a struct seccomp_data; undefined for an instruction that this does not know, or no answer. */
export function runFilter(program: Buffer, data: Buffer): number | undefined {
  let a = 0;
  let x = 0;
  const memory = new Uint32Array(16);
  const load = (at: number) => (at % 4 === 0 && at + 4 <= DATA_BYTES ? data.readUInt32LE(at) : 0);
  const jump = (at: number, isTaken: boolean) => program[at + (isTaken ? 2 : 3)] ?? 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const at = pc * 8;
    const code = program.readUInt16LE(at);
    const k = program.readUInt32LE(at + 4);
    const operand = (code & 0x08) === 0 ? k : x;
    switch (code) {
      case 0x20:
        a = load(k);
        break;
      case 0x80:
        a = DATA_BYTES;
        break;
      case 0x81:
        x = DATA_BYTES;
        break;
      case 0x00:
        a = k;
        break;
      case 0x01:
        x = k;
        break;
      case 0x60:
        a = memory[k] ?? 0;
        break;
      case 0x61:
        x = memory[k] ?? 0;
        break;
      case 0x02:
        memory[k] = a;
        break;
      case 0x03:
        memory[k] = x;
        break;
      case 0x07:
        x = a;
        break;
      case 0x87:
        a = x;
        break;
      case 0x04:
      case 0x0c:
        a = (a + operand) >>> 0;
        break;
      case 0x14:
      case 0x1c:
        a = (a - operand) >>> 0;
        break;
      case 0x24:
      case 0x2c:
        a = Math.imul(a, operand) >>> 0;
        break;
      case 0x44:
      case 0x4c:
        a = (a | operand) >>> 0;
        break;
      case 0x54:
      case 0x5c:
        a = (a & operand) >>> 0;
        break;
      case 0xa4:
      case 0xac:
        a = (a ^ operand) >>> 0;
        break;
      case 0x64:
      case 0x6c:
        a = operand > 31 ? 0 : (a << operand) >>> 0;
        break;
      case 0x74:
      case 0x7c:
        a = operand > 31 ? 0 : a >>> operand;
        break;
      case 0x84:
        a = -a >>> 0;
        break;
      case 0x05:
        pc += k;
        break;
      case 0x15:
      case 0x1d:
        pc += jump(at, a === operand);
        break;
      case 0x25:
      case 0x2d:
        pc += jump(at, a > operand);
        break;
      case 0x35:
      case 0x3d:
        pc += jump(at, a >= operand);
        break;
      case 0x45:
      case 0x4d:
        pc += jump(at, (a & operand) !== 0);
        break;
      case 0x06:
        return k;
      case 0x16:
        return a;
      default:
        return undefined;
    }
  }
  return undefined;
}
