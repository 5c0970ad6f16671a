import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePrstat } from "../../src/parsers/prstat.ts";
import { fixture } from "../helpers/recorded.ts";

test("prstat's first block is the average since the process started, the others are samples", () => {
  const blocks = parsePrstat(fixture("illumos/prstat/mLc-1-5-node.txt"));

  assert.deepEqual(
    blocks.map(({ isLifetime, rows, lwps }) => ({ isLifetime, rows: rows.length, lwps })),
    [
      { isLifetime: true, rows: 6, lwps: 6 },
      { isLifetime: false, rows: 6, lwps: 6 },
      { isLifetime: false, rows: 7, lwps: 7 },
      { isLifetime: false, rows: 6, lwps: 6 },
      { isLifetime: false, rows: 6, lwps: 6 },
    ],
  );
});

test("a row has the microstates, the counts and its raw line", () => {
  const [row] = parsePrstat(fixture("illumos/prstat/mLc-1-5-node.txt"))[1]?.rows ?? [];

  assert.deepEqual(row, {
    pid: 41207,
    user: "nobody",
    lwp: 1,
    command: "node",
    threadName: undefined,
    percents: { usr: 98, sys: 1.6, trp: 0, tfl: 0, dfl: 0, lck: 0, slp: 0.2, lat: 0.3 },
    counts: { vcx: 12, icx: 431, scl: 1000, sig: 0 },
    line: " 41207 nobody    98 1.6 0.0 0.0 0.0 0.0 0.2 0.3  12 431  1K   0 node/1",
  });
});

test("a row of zeros (a zombie, or no permission) is unknown, not idle", () => {
  const row = parsePrstat(fixture("illumos/prstat/mLc-1-5-node.txt"))[2]?.rows.find(
    ({ pid }) => pid === 80100,
  );

  assert.ok(row);
  assert.deepEqual(
    new Set([...Object.values(row.percents), ...Object.values(row.counts)]),
    new Set([undefined]),
  );
});

test("the epoch before a block is its time", () => {
  const blocks = parsePrstat(fixture("illumos/prstat/mLc-d-u-timestamped.txt"));

  assert.deepEqual(
    blocks.map(({ epochSeconds }) => epochSeconds),
    [1542891234, 1542891235],
  );
});

test("a thread's name follows the number of the thread", () => {
  const rows = parsePrstat(fixture("illumos/prstat/mLc-new-header-lwp-names.txt"))[0]?.rows;

  assert.deepEqual(
    rows?.map(({ lwp, threadName }) => ({ lwp, threadName })),
    [
      { lwp: 1, threadName: undefined },
      { lwp: 7, threadName: "DelayedTaskSche" },
    ],
  );
});

test("short numbers keep their size, and a wide user name does not shift the cells", () => {
  const rows = parsePrstat(fixture("illumos/prstat/mLc-number-widths.txt"))[0]?.rows ?? [];

  assert.deepEqual(rows[0]?.counts, { vcx: 999, icx: 1000, scl: 99_000, sig: 100_000 });
  assert.deepEqual(rows[0]?.percents.tfl, 100);
  // A row without any share is unknown as a whole, whatever its counts say.
  assert.deepEqual(rows[1]?.counts, { vcx: undefined, icx: undefined, scl: undefined, sig: undefined });
  assert.equal(rows[1]?.user, "averylongusername");
});

test("a million switches, of which prstat prints three characters, stay a million", () => {
  const rows = parsePrstat(
    fixture("illumos/prstat/mLc-number-widths.txt").replace("averylongusername 0.0", "averylongusername 1.0"),
  )[0]?.rows;

  assert.deepEqual(rows?.[1]?.counts, { vcx: 900_000, icx: 1_000_000, scl: 5_400_000, sig: 0 });
});

test("the parser of prstat never throws", () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePrstat(text)));
  const cells = fc.array(
    fc.constantFrom("1", "a/1", "0.0", "-", ".10", "9K", "100", "[x]", "\n", "nobody", "PID USERNAME USR "),
  );
  fc.assert(fc.property(cells, (parts) => void parsePrstat(`   PID USERNAME USR\n${parts.join(" ")}`)));
});
