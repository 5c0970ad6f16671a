// Stacks of threads, whatever tool printed them.

export interface Frame {
  /** Hexadecimal, as it was printed. */
  readonly address: string;
  /** Undefined where the tool knows no name: stripped or generated code. */
  readonly symbol: string | undefined;
  readonly line: string;
}

export interface ThreadStack {
  readonly tid: number;
  readonly name?: string | undefined;
  /** The innermost first. */
  readonly frames: readonly Frame[];
}

/** Frames are the same when they are in the same function, at whatever line; without a name the address decides. */
function isSame(a: Frame, b: Frame | undefined): boolean {
  return b !== undefined && (a.symbol ?? a.address) === (b.symbol ?? b.address);
}

/**
 * The innermost frames (at most `count`) of one thread, if they are the same in every sample; undefined when they are not, or
 * when a sample has no frame of it.
 */
export function commonTop(
  samples: readonly (readonly ThreadStack[])[],
  { tid, count }: { readonly tid: number; readonly count: number },
): readonly Frame[] | undefined {
  const [first, ...others] = samples.map((threads) =>
    threads.find((thread) => thread.tid === tid)?.frames.slice(0, count),
  );
  if (first === undefined || first.length === 0) return undefined;
  const isCommon = others.every(
    (frames) =>
      frames?.length === first.length && first.every((frame, index) => isSame(frame, frames[index])),
  );
  return isCommon ? first : undefined;
}

/** What an event loop, a sleeper or an empty queue waits in: system calls, and the C library's and Go's names for them. */
const IDLE_WAITS = new Set(
  [
    "epoll_wait epoll_pwait epoll_pwait2 epollwait io_uring_enter kevent portfs port_getn",
    "poll ppoll pollsys select pselect pselect6",
    "nanosleep clock_nanosleep sleep usleep pause",
    "sigsuspend sigwait sigwaitinfo sigtimedwait waitpid wait4 waitid accept accept4",
    "futex futex_wait futex_abstimed_wait futex_abstimed_wait_cancelable futex_abstimed_wait_common",
    "pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait cond_wait cond_timedwait",
    "pthread_join pthread_clockjoin_ex sem_wait sem_timedwait lwp_park lwp_wait",
  ].flatMap((names) => names.split(" ")),
);
/** A lock that somebody else holds is no idle wait, though both end in the same system call. */
const LOCKS = /mutex|rwlock|spin|lll_lock|rdlock|wrlock/;

/** Between a wait and the kernel: `__syscall_cancel_arch` of glibc 2.41, `__syscall_cp_asm` of musl, Go's `Syscall6`. */
const WRAPPER = /syscall/i;

/**
 * Whether the innermost frames are those of a thread that has nothing to do: the first that has a name and is no wrapper of
 * a system call decides. Versions (`@GLIBC_2.3.2`), variants (`64`), packages (`runtime.`) and leading underscores do not
 * count.
 */
export function isIdleWait(innermost: readonly Frame[]): boolean {
  const names = innermost.flatMap(({ symbol }) => (symbol === undefined ? [] : [plainName(symbol)]));
  const wait = names.find((name) => !WRAPPER.test(name));
  return wait !== undefined && IDLE_WAITS.has(wait) && !names.some((name) => LOCKS.test(name));
}

function plainName(symbol: string): string {
  return symbol
    .replace(/@.*$/s, "")
    .replace(/^(?:__GI_|__libc_|__internal_|runtime\.)/, "")
    .replace(/^_+/, "")
    .replace(/_?(?:time)?64$/, "");
}
