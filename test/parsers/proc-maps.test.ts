import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { until } from "../helpers/until.ts";
import { openSmapsParser, parseMaps, uncovered, type Area } from "../../src/parsers/proc-maps.ts";

const MAPS = `00400000-00401000 r--p 00000000 fe:00 2172961                    /tmp/a b (deleted)
7f00c0000000-7f00c0100000 rw-s 00000000 00:01 1037                       /dev/zero (deleted)
7ffd1000-7ffd2000 rw-p 00000000 00:00 0                          [stack]
7f01-7f02 rw-p 00000000 00:00 0 
no area at all
7f0200-7f0300 r-xp 00026000 fe:00 7                     /tmp/line\\012break
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

test("areas are told with their files as they are named, vsyscall left out", () => {
  const areas = parseMaps(MAPS);

  assert.deepEqual(
    areas.map(({ start, permissions, offset, inode, name }) => [start, permissions, offset, inode, name]),
    [
      [0x400000, "r--p", 0, 2172961, "/tmp/a b (deleted)"],
      [0x7f00c0000000, "rw-s", 0, 1037, "/dev/zero (deleted)"],
      [0x7ffd1000, "rw-p", 0, 0, "[stack]"],
      [0x7f01, "rw-p", 0, 0, ""],
      [0x7f0200, "r-xp", 0x26000, 7, "/tmp/line\nbreak"],
    ],
  );
});

const SMAPS = `7f00-8f00 rw-p 00000000 00:00 0                          [heap]
Size:                  4 kB
Rss:                  12 kB
Anonymous:             8 kB
Swap:                  4 kB
SwapPss:             100 kB
VmFlags: rd wr mr mw me dc dd wf ac 
9f00-af00 r--p 00000000 00:00 0                          [vvar]
Rss:                   0 kB
VmFlags: rd mr pf io de dd 
`;

test("the details of areas are the same wherever the text is cut", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(SMAPS.length), { maxLength: 6 }), (cuts) => {
      const parser = openSmapsParser();
      const ends = [...cuts.toSorted((a, b) => a - b), SMAPS.length];
      ends.reduce((from, to) => (parser.push(SMAPS.slice(from, to)), to), 0);

      const [heap, vvar] = parser.end();

      assert.deepEqual(
        [heap?.residentBytes, heap?.anonymousBytes, heap?.swapBytes],
        [12 * 1024, 8 * 1024, 4 * 1024],
      );
      assert.deepEqual(heap?.flags, {
        dontDump: true,
        device: false,
        huge: false,
        wipeOnFork: true,
        dontFork: true,
      });
      assert.equal(vvar?.flags.device, true);
      assert.equal(vvar?.anonymousBytes, 0);
    }),
  );
});

test("of a live process maps and smaps tell the same areas", async (t) => {
  // One that waits without a thought: in this process V8 takes and gives back areas between the two reads.
  const still = spawn("sleep", ["600"]);
  t.after(() => still.kill());
  await until(() => readFileSync(`/proc/${still.pid}/comm`, "latin1") === "sleep\n", 30_000);
  await until(() => readFileSync(`/proc/${still.pid}/wchan`, "latin1").includes("nanosleep"), 30_000);
  const parser = openSmapsParser();
  parser.push(readFileSync(`/proc/${still.pid}/smaps`, "latin1"));
  const detailed = parser.end();

  const areas = parseMaps(readFileSync(`/proc/${still.pid}/maps`, "latin1"));

  assert.ok(detailed.length > 10);
  assert.deepEqual(uncovered(areas, detailed), []);
  assert.deepEqual(uncovered(detailed, areas), []);
});

test("any text is no error", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parser = openSmapsParser();
      parser.push(text);
      parser.end();
      parseMaps(text);
    }),
  );
});

const area = (start: number, end: number): Area => ({
  start,
  end,
  permissions: "rw-p",
  offset: 0,
  inode: 0,
  name: "",
});

test("an area is covered by others however they are cut, and not when a piece is missing", () => {
  const by = [area(10, 20), area(20, 30), area(40, 60)];

  assert.deepEqual(uncovered([area(10, 30), area(12, 25), area(45, 50)], by), []);
  assert.deepEqual(uncovered([area(5, 12), area(25, 45), area(70, 80)], by), [
    area(5, 12),
    area(25, 45),
    area(70, 80),
  ]);
});
