import assert from "node:assert/strict";
import { test } from "node:test";
import { commonTop, isIdleWait, type ThreadStack } from "../../src/parsers/stack.ts";

const stack = (...frames: (readonly [string, string | undefined])[]): ThreadStack[] => [
  { tid: 7, frames: frames.map(([address, symbol]) => ({ address, symbol, line: `${address} ${symbol}` })) },
];

const idle = (symbols: readonly (string | undefined)[]) =>
  isIdleWait(symbols.map((symbol) => ({ address: "0x1", symbol, line: "" })));

test("functions are the same wherever in them the thread is; without a name the address decides", () => {
  const first = stack(["0x1", "read"], ["0x9", undefined], ["0x5", "main"]);
  const moved = stack(["0x2", "read"], ["0x9", undefined], ["0x6", "start"]);
  const elsewhere = stack(["0x2", "read"], ["0xa", undefined]);

  const same = commonTop([first, moved], { tid: 7, count: 2 });

  assert.deepEqual(
    same?.map(({ address }) => address),
    ["0x1", "0x9"],
  );
  assert.equal(commonTop([first, moved], { tid: 7, count: 3 }), undefined);
  assert.equal(commonTop([first, elsewhere], { tid: 7, count: 2 }), undefined);
});

test("a thread that is missing from a sample, or has no frame, has no common place", () => {
  const known = stack(["0x1", "read"]);

  assert.equal(commonTop([known, []], { tid: 7, count: 3 }), undefined);
  assert.equal(commonTop([stack(), stack()], { tid: 7, count: 3 }), undefined);
  assert.equal(commonTop([], { tid: 7, count: 3 }), undefined);
});

test("a thread that waits for events, a timer or work is idle, whatever its library calls the wait", () => {
  const waits = [
    ["epoll_pwait", "uv__io_poll", "uv_run"],
    ["__syscall_cancel_arch", "__internal_syscall_cancel", "__poll"],
    ["clock_nanosleep@GLIBC_2.2.5", "__nanosleep", "sleep"],
    ["__futex_abstimed_wait_common64", "pthread_cond_wait@@GLIBC_2.3.2", "take"],
    ["runtime.futex", "runtime.futexsleep", "runtime.notesleep"],
    [undefined, "select", "main"],
    ["portfs", "uv__io_poll", "uv_run"],
    ["__lwp_park", "cond_wait_queue", "cond_wait_common"],
  ];

  assert.deepEqual(
    waits.map(idle),
    waits.map(() => true),
  );
});

test("a thread that works, or waits for a lock or an answer, is not idle", () => {
  const others = [
    ["__GI___lll_lock_wait", "__pthread_mutex_lock@GLIBC_2.2.5", "wait_for_the_lock"],
    ["__futex_abstimed_wait_common64", "__pthread_rwlock_wrlock", "store"],
    ["__lwp_park", "mutex_lock_queue", "mutex_lock_impl"],
    ["memcpy", "decode", "poll"],
    ["recvfrom", "read_answer", "query"],
    [undefined, undefined],
    [],
  ];

  assert.deepEqual(
    others.map(idle),
    others.map(() => false),
  );
});
