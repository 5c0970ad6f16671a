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

/** futex(2) on x86-64, and on arm64, riscv64 and others with the generic table. */
const CALL = /^(?:202|98) (0x[0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) 0x([0-9a-f]{1,16}) /;
/** Without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME. */
const OPERATION = 0x7f;
const WAIT = 0;
const LOCK_PI = 6;
/** "Locked, and others wait": lowlevellock.h of glibc, runtime/lock_futex.go of Go. */
const CONTENDED = 2;
/** FUTEX_WAITERS: musl's mutexes, robust ones of glibc. */
const WAITERS = 0x8000_0000;

/** Undefined when it is no wait for a futex. */
export function parseFutexWait(syscall: string): FutexWait | undefined {
  const [, address, operation, value] = CALL.exec(syscall) ?? [];
  if (address === undefined || operation === undefined || value === undefined) return undefined;
  // Both are 32 bits wide.
  const command = Number.parseInt(operation.slice(-8), 16) & OPERATION;
  const expected = Number.parseInt(value.slice(-8), 16);
  const isContended = expected === CONTENDED || expected >= WAITERS;
  return { address, isLock: command === LOCK_PI || (command === WAIT && isContended) };
}
