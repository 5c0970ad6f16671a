import assert from "node:assert/strict";
import { test } from "node:test";
import {
  LOCK,
  processLooks,
  readingOf,
  readingsOf,
  socketFiles,
  TARGET,
  threadFiles,
  TIDS,
  type Files,
} from "../helpers/evidence.ts";

const NATIVE = { ...TARGET, command: "app", runtime: { name: "native" as const } };
const CONDITION = (address: string) => `202 ${address} 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe 0x7fff`;

test("threads that stand in line for one lock are told, a pool that waits for work is not", async () => {
  const moving = { cpuPercent: 1, voluntary: 5 };
  const convoy = threadFiles(TIDS, (tid) => (tid === 42 ? {} : { syscall: LOCK("0x55aa"), ...moving }));
  const pool = threadFiles(TIDS, () => ({ syscall: CONDITION("0x55aa"), ...moving }));
  const briefly = threadFiles(TIDS, (_, look) =>
    look === 2 ? { syscall: LOCK("0x55aa"), ...moving } : moving,
  );

  const found = await readingOf("threads-on-one-lock", convoy);

  assert.equal(found?.text, "4 of 5 threads waited for the lock at 0x55aa at 6 of 6 looks.");
  assert.equal(await readingOf("deadlock", convoy), undefined);
  assert.deepEqual(await readingsOf(pool), []);
  assert.deepEqual(await readingsOf(briefly), []);
});

const waits = (tid: number) =>
  tid === 43 ? { syscall: LOCK("0xa") } : tid === 44 ? { syscall: LOCK("0xb") } : {};
const circle = threadFiles(TIDS, (tid) => ({
  ...waits(tid),
  ...(tid > 44 ? { voluntary: 3, cpuPercent: 2 } : {}),
}));

test("two threads that never get on, each in a lock of its own, are a deadlock; one that waits for a slow one is not", async () => {
  const slow = threadFiles(TIDS, (tid) =>
    tid === 43 ? { syscall: LOCK("0xa") } : { voluntary: 3, cpuPercent: 2 },
  );
  const everybody = threadFiles([42, 43, 44], (tid) => (tid === 42 ? {} : { syscall: LOCK("0xa") }));
  const once = threadFiles(TIDS, (tid, look) => ({ ...waits(tid), voluntary: look === 3 ? 1 : 0 }));

  const found = await readingOf("deadlock", circle);

  assert.equal(found?.text, "2 threads of 5 waited for 2 locks at all 6 looks and did not run once in 5 s.");
  assert.deepEqual([found.sureness, found.speaksFor], ["likely", "restart"]);
  assert.match(
    (await readingOf("deadlock", everybody))?.text ?? "",
    /^2 threads of 3 waited for the same lock/,
  );
  assert.deepEqual(
    [await readingOf("deadlock", slow), await readingOf("deadlock", once)],
    [undefined, undefined],
  );
});

const blockedThread = (name: string) =>
  `"${name}" #1\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\t- waiting to lock <0x00000007af> (a X)\n\n`;
const dump = (more: string) => ({
  "runtime/threads.txt": `"main" #1\n   java.lang.Thread.State: RUNNABLE\n\n${["a", "b", "c"].map(blockedThread).join("")}${more}`,
});

test("what a thread dump of a JVM says of monitors and deadlocks is told", async () => {
  const found = await readingsOf(dump("Found one Java-level deadlock:\n=====\n- waiting to lock <0x1>\n"), {
    target: { ...TARGET, runtime: { name: "jvm" } },
  });

  assert.deepEqual(
    found.map(({ id, value, line }) => [id, value, line]),
    [
      ["deadlock", 1, "Found one Java-level deadlock:"],
      ["threads-on-one-lock", 3, "- waiting to lock <0x00000007af> (a X)"],
    ],
  );
  assert.deepEqual(
    (await readingsOf(dump(""))).map(({ id }) => id),
    ["threads-on-one-lock"],
  );
});

const blockedOf = async (files: Files, target = TARGET) =>
  (await readingOf("event-loop-blocked", files, { target }))?.text;

test("a Node process that neither waits nor reads while clients wait is blocked, seen from outside", async () => {
  const spinning = threadFiles([42, 43], (tid) => (tid === 42 ? { cpuPercent: 100 } : {}));
  const waiting = socketFiles([
    { state: "LISTEN", local: "0.0.0.0:80" },
    { local: "10.0.0.1:80", peer: "10.0.0.2:5", recvQueue: 9 },
  ]);
  const still = processLooks({ reads: [7, 7, 7], writes: [5, 5, 5] });
  const blocked = { ...spinning, ...waiting, ...still };

  assert.equal(
    await blockedOf(blocked),
    "In 5 s the main thread did not wait for events once, and nothing was read or written, while 1 socket waited for it.",
  );
  assert.equal(
    await blockedOf({ ...blocked, ...processLooks({ reads: [7, 8, 9], writes: [5, 5, 5] }) }),
    undefined,
  );
  assert.equal(await blockedOf({ ...spinning, ...waiting }), undefined);
  assert.equal(await blockedOf({ ...spinning, ...still }), undefined);
  assert.equal(
    await blockedOf({ ...blocked, ...threadFiles([42], () => ({ cpuPercent: 99, voluntary: 1 })) }),
    undefined,
  );
  assert.equal(await blockedOf(blocked, NATIVE), undefined);
});

test("a main thread that does not open its inspector is told as blocked", async () => {
  const found = await readingOf("event-loop-blocked", { "runtime/inspector.json": { silentMs: 1500 } });

  assert.match(found?.text ?? "", /did not come around to it in 1\.5 s\.$/);
});

const inD = (looks: number) => threadFiles([42], (_, look) => ({ state: look < looks ? "D" : "S" }));

const stuckOf = async (looks: number) => {
  const found = await readingOf("threads-uninterruptible", inD(looks));
  return found && [found.sureness, found.speaksFor];
};

test("a thread that is in state D now and then is a hint, one that stays there is certain", async () => {
  assert.equal(await stuckOf(0), undefined);
  assert.deepEqual(await stuckOf(1), ["hint", "none"]);
  assert.deepEqual(await stuckOf(3), ["certain", "not-restart"]);
});
