// ptrace(2) and waitpid(2) from Node, by way of koffi. Nothing here knows what is being traced. For the kernel a tracer is a
// thread: every call comes from the main thread, and none may be made after an await in another.
import { ExhibitError, UnsupportedError, messageOf } from "../../errors.ts";

export const Request = {
  CONT: 7,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201,
  GETREGSET: 0x4204,
  SETREGSET: 0x4205,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  GETSIGMASK: 0x420a,
  SETSIGMASK: 0x420b,
  SECCOMP_GET_FILTER: 0x420c,
  GET_SYSCALL_INFO: 0x420e,
  GET_RSEQ_CONFIGURATION: 0x420f,
  GET_SYSCALL_USER_DISPATCH_CONFIG: 0x4211,
} as const;

export const Option = { SYSGOOD: 1, FORK: 2, VFORK: 4, CLONE: 8, EXITKILL: 0x10_0000 } as const;

export const Regset = { PRSTATUS: 1, FPREGSET: 2, X86_XSTATE: 0x202 } as const;

export const Errno = { EPERM: 1, ENOENT: 2, ESRCH: 3, EIO: 5, EINVAL: 22 } as const;

/** __WALL | WNOHANG: children of either kind, without waiting. */
const ANY_NOW = 0x4000_0001;
/** The usual stop takes far less than a millisecond: look at once so often, then in steps of a tenth of one. */
const LOOKS_AT_ONCE = 200;

/** The system refused a call; the number says why (errno(3)). */
export class SystemError extends ExhibitError {
  readonly errno: number;

  constructor(call: string, errno: number) {
    super(`${call}: errno ${errno}`);
    this.errno = errno;
  }
}

export interface System {
  /** Throws SystemError. `data` is a number, or the memory that the request reads or fills. */
  readonly ptrace: (request: number, thread: number, address: number, data: number | Buffer) => number;
  /** The wait status of a thread, or undefined when `timeoutMs` are over. Throws SystemError (ECHILD, when it is not ours). */
  readonly wait: (thread: number, timeoutMs: number) => number | undefined;
  /** Throws SystemError. Resolves with the bytes that the kernel filled in. */
  readonly getRegset: (thread: number, type: number, mostBytes: number) => Buffer;
  readonly setRegset: (thread: number, type: number, content: Buffer) => void;
}

type Koffi = (typeof import("koffi"))["default"];
type Native = (...values: readonly unknown[]) => number | bigint;

/** Loads koffi. Throws UnsupportedError where it cannot be had: not installed, another C library, not x86-64. */
export async function openSystem(): Promise<System> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new UnsupportedError(`not on ${process.platform} ${process.arch}: only Linux on x86-64 so far`);
  let koffi: Koffi;
  try {
    koffi = (await import("koffi")).default;
  } catch (error) {
    throw new UnsupportedError("the package koffi is not installed, which calls ptrace(2)", {
      hint: "npm install koffi beside exhibit",
      cause: error,
    });
  }
  try {
    return bind(koffi);
  } catch (error) {
    throw new UnsupportedError(`ptrace(2) cannot be called: ${messageOf(error)}`, { cause: error });
  }
}

function bind(koffi: Koffi): System {
  // What Node itself was linked with, whichever C library that is.
  const libc = koffi.load(null);
  const SYS_PTRACE = 101;
  // syscall(2) twice: the last argument is a pointer for some requests and a number for others.
  const withMemory: Native = libc.func("long syscall(long, long, long, long, void *)");
  const withNumber: Native = libc.func("long syscall(long, long, long, long, long)");
  const waitpid: Native = libc.func("int waitpid(int, void *, int)");
  const status = Buffer.alloc(4);
  const nap = new Int32Array(new SharedArrayBuffer(4));

  const ptrace: System["ptrace"] = (request, thread, address, data) => {
    const call = typeof data === "number" ? withNumber : withMemory;
    const result = Number(call(SYS_PTRACE, request, thread, address, data));
    if (result < 0) throw new SystemError(`ptrace 0x${request.toString(16)} of ${thread}`, koffi.errno());
    return result;
  };
  // struct iovec
  const vectorOf = (content: Buffer) => {
    const vector = Buffer.alloc(16);
    vector.writeBigUInt64LE(koffi.address(content), 0);
    vector.writeBigUInt64LE(BigInt(content.length), 8);
    return vector;
  };
  return {
    ptrace,
    wait: (thread, timeoutMs) => {
      const end = performance.now() + timeoutMs;
      for (let look = 0; ; look++) {
        const found = Number(waitpid(thread, status, ANY_NOW));
        if (found === thread) return status.readUInt32LE();
        if (found < 0) throw new SystemError(`waitpid ${thread}`, koffi.errno());
        if (performance.now() > end) return undefined;
        if (look > LOOKS_AT_ONCE) Atomics.wait(nap, 0, 0, 0.1);
      }
    },
    getRegset: (thread, type, mostBytes) => {
      const content = Buffer.alloc(mostBytes);
      const vector = vectorOf(content);
      ptrace(Request.GETREGSET, thread, type, vector);
      // The kernel writes back how much it filled in.
      return content.subarray(0, Number(vector.readBigUInt64LE(8)));
    },
    setRegset: (thread, type, content) => void ptrace(Request.SETREGSET, thread, type, vectorOf(content)),
  };
}
