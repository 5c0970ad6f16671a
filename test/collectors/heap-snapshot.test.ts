import assert from "node:assert/strict";
import { test } from "node:test";
import heapSnapshot from "../../src/collectors/heap-snapshot.ts";
import { crowdingOf, priceOf } from "../../src/collectors/heap-snapshot/price.ts";
import { collectRecorded, type Recording } from "../helpers/recorded.ts";
import { recordedInspection } from "../helpers/recorded-inspection.ts";

const MIB = 1024 ** 2;

/** A process with a heap of 100 MiB: up to 23 s, and 2.5 GiB of memory. */
function snapshotOf(how: Omit<Recording, "inspection"> = {}) {
  const heap = {
    usedBytes: async () => 100 * MIB,
    snapshot: async (write: (text: string) => Promise<void>) => {
      await write('{"snapshot":');
      await write("{}}");
      return 9000;
    },
  };
  const left = { pauseMs: 90_000 };
  return collectRecorded(heapSnapshot, {
    left,
    ...how,
    inspection: { inspection: recordedInspection({ heap }) },
  });
}

const accepted = { acceptPauseMs: 30_000 };

test("a heap snapshot is not taken before its price was told and accepted", async () => {
  await assert.rejects(snapshotOf(), {
    name: "ExhibitError",
    message:
      "not taken: a heap snapshot of 100 MiB stops it for up to 23.0 s, takes up to 2.54 GiB more of memory meanwhile, and 280 MiB of disk; accept that by --heap-snapshot 23s",
  });
});

test("a heap snapshot that costs more than was accepted, or is left, is not taken", async () => {
  await assert.rejects(snapshotOf({ options: { acceptPauseMs: 22_000 } }), {
    message: /--heap-snapshot accepts 22.0 s$/,
  });
  const refusals: [Recording["left"], RegExp][] = [
    [{ pauseMs: 5000 }, /it would stop the target for about 23.0 s; 5.0 s of --max-pause are left$/],
    [{ pauseMs: 60_000, timeMs: 24_000 }, /it takes about 25.0 s; 24.0 s of the budget are left$/],
    [{ pauseMs: 60_000, bytes: 200 * MIB }, /it needs about 280 MiB; 200 MiB may be written/],
    [
      { pauseMs: 60_000, memoryBytes: 1024 * MIB },
      /; 1 GiB of memory are left on the host or in its memory cgroup$/,
    ],
    [{ pauseMs: 60_000, memoryBytes: undefined }, /how much memory is left for it cannot be told$/],
  ];
  for (const [left = {}, message] of refusals)
    await assert.rejects(snapshotOf({ options: accepted, left }), { name: "ExhibitError", message });
});

test("a heap snapshot that was accepted is written as it comes, with what it cost", async () => {
  const { saved, readings } = await snapshotOf({ options: accepted });

  assert.equal(saved.get("heap.heapsnapshot"), '{"snapshot":{}}');
  assert.deepEqual(JSON.parse(saved.get("heap-snapshot.json") ?? ""), {
    file: "heap.heapsnapshot",
    usedBytes: 100 * MIB,
    expectedPauseMs: 23_000,
    pausedMs: 9000,
  });
  assert.match(readings[0]?.text ?? "", /^A snapshot of a heap of 100 MiB stopped it for 9.0 s;/);
});

test("only Node has a heap snapshot of this kind, and a process that is left alone has none", async () => {
  await assert.rejects(collectRecorded(heapSnapshot, { target: { runtime: { name: "jvm" } } }), {
    message: "only Node processes have one",
  });
  await assert.rejects(collectRecorded(heapSnapshot, {}), { message: /its inspector is left alone/ });
});

test("the plan takes the whole of what is resident for the heap, and no more than was accepted", () => {
  const target = { pid: 1, startTime: "1", command: "node", runtime: { name: "node" as const } };
  const estimate = (options: object, residentBytes: number) =>
    heapSnapshot.estimate({ ...target, residentBytes }, 3000, { platform: "linux", options });

  assert.deepEqual(estimate(accepted, 100 * MIB), {
    pauseMs: 23_000,
    timeMs: 25_000,
    sizeBytes: priceOf(100 * MIB).sizeBytes,
  });
  assert.equal(estimate(accepted, 1000 * MIB).pauseMs, 30_000);
  assert.equal(estimate({}, 1000 * MIB).pauseMs, 0);
});

test("where tasks share the CPUs it is so much dearer, and by how much is told", async () => {
  const hostFiles = {
    "/proc/loadavg": "6.00 2.00 1.00 7/93 6404\n",
    "/proc/stat": "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3\ncpu1 1 2 3\n",
  };
  await assert.rejects(snapshotOf({ host: hostFiles }), {
    message:
      /stops it for up to 69\.0 s \(23\.0 s were its CPU its own\), .*; accept that by --heap-snapshot 69s$/,
  });
  assert.equal(crowdingOf("0.10 2.00 1.00 7/93 6404", "cpu0 1\ncpu1 2\n"), 1);
  assert.equal(crowdingOf("", ""), 1);
  assert.equal(crowdingOf("9.00 2.00 1.00 7/93 6404", ""), 1);
});
