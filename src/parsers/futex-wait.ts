// What a thread waits for in futex(2), from /proc/PID/task/TID/syscall: `202 0x7f3a... 0x80 0x2 0x0 0x0 0x0 SP PC` (proc(5)).

export interface FutexWait {
  /** Hexadecimal, of the target's memory. */
  readonly address: string;
  /**
   * Somebody else holds a mutex: glibc, musl and Go wait for one by FUTEX_WAIT with values of their own. A condition variable,
   * a semaphore or a join waits by FUTEX_WAIT_BITSET and is none, because a thread with nothing to do waits so too.
   */
  readonly isLock: boolean;
}

/** futex(2) on x86-64 and on arm64, riscv64 and others with the generic table. */
const FUTEX = new Set(["202", "98"]);
/** Beside the operation: FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME. */
const OPERATION = 0x7f;
const WAIT = 0;
const LOCK_PI = 6;
/** "Locked, and others wait": lowlevellock.h of glibc, runtime/lock_futex.go of Go. */
const CONTENDED = 2n;
/** The same bit of FUTEX_WAITERS: musl's mutexes, robust ones of glibc. */
const WAITERS = 0x8000_0000n;

/** Undefined when it is no wait for a futex. */
export function parseFutexWait(syscall: string): FutexWait | undefined {
  const [number = "", address, operation = "", value = ""] = syscall.split(" ");
  if (!FUTEX.has(number) || address === undefined || !/^0x[0-9a-f]{1,16}$/.test(address)) return undefined;
  if (!/^0x[0-9a-f]{1,16}$/.test(operation) || !/^0x[0-9a-f]{1,16}$/.test(value)) return undefined;
  const command = Number(BigInt(operation) & BigInt(OPERATION));
  const low = BigInt(value) & 0xffff_ffffn;
  const isContended = low === CONTENDED || (low & WAITERS) !== 0n;
  return { address, isLock: command === LOCK_PI || (command === WAIT && isContended) };
}
