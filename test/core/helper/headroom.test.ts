import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readHeadroom, unifiedHeadroom } from "../../../src/core/helper/headroom.ts";
import { reasonNotToCopy } from "../../../src/core/helper/preflight.ts";
import { readTarget } from "../../../src/core/helper/target.ts";
import { startTimeOf } from "../../helpers/core-target.ts";

const MIB = 1024 ** 2;
const PID = 4711;

const root = mkdtempSync(join(tmpdir(), "exhibit-headroom-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

function fill(folder: string, files: Readonly<Record<string, string | number>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), `${content}\n`);
}

/** A procfs with 8 GiB left on the host, in which `PID` is in the unit below the slice. */
function hostWith(groups: {
  readonly slice?: Readonly<Record<string, string | number>>;
  readonly unit: Readonly<Record<string, string | number>>;
}) {
  const folder = join(root, String(++count));
  const mount = join(folder, "cgroup");
  const group = "0::/a.slice/muskie.service";
  const mountinfo = `30 20 0:26 / ${mount} rw - cgroup2 cgroup2 rw`;
  fill(join(mount, "a.slice"), groups.slice ?? {});
  fill(join(mount, "a.slice/muskie.service"), groups.unit);
  fill(join(folder, "proc"), { meminfo: `MemAvailable: ${8 * 1024 ** 2} kB` });
  fill(join(folder, `proc/${PID}`), { cgroup: group });
  fill(join(folder, "proc/self"), { mountinfo });
  return { proc: join(folder, "proc"), group, mountinfo };
}

test("what is left below memory.high counts where it is less than what memory.max leaves", () => {
  const { proc, group, mountinfo } = hostWith({
    unit: {
      "memory.max": 1000 * MIB,
      "memory.high": 800 * MIB,
      "memory.current": 700 * MIB,
      "memory.stat": `anon 1\ninactive_file ${50 * MIB}`,
    },
  });

  assert.deepEqual(readHeadroom(PID, proc), {
    bytes: 150 * MIB,
    where: "below memory.high of its memory cgroup",
  });
  // There the kernel ends nobody.
  assert.equal(unifiedHeadroom(group, mountinfo)?.bytes, 350 * MIB);
});

test("memory.high of a group above counts, and one that is reached leaves nothing", () => {
  const { proc, group, mountinfo } = hostWith({
    slice: { "memory.max": "max", "memory.high": 600 * MIB, "memory.current": 640 * MIB },
    unit: { "memory.max": "max", "memory.high": "max", "memory.current": 500 * MIB },
  });

  assert.deepEqual(readHeadroom(PID, proc), {
    bytes: -40 * MIB,
    where: "below memory.high of its memory cgroup",
  });
  assert.equal(unifiedHeadroom(group, mountinfo), undefined);
});

test("without memory.high it is memory.max, or what the host has", () => {
  const limited = hostWith({
    unit: { "memory.max": 1000 * MIB, "memory.high": "max", "memory.current": MIB },
  });
  const free = hostWith({ unit: { "memory.max": "max", "memory.high": "max", "memory.current": MIB } });

  assert.deepEqual(readHeadroom(PID, limited.proc), { bytes: 999 * MIB, where: "in its memory cgroup" });
  assert.deepEqual(readHeadroom(PID, free.proc), { bytes: 8 * 1024 ** 3, where: "on the host" });
});

test("what is swapped out counts before a copy is made: its reading brings it back into memory", () => {
  const { pid } = process;
  const target = readTarget(pid, startTimeOf(pid));
  const swapped = { ...target, status: { ...target.status, swapBytes: 2 ** 50 } };

  assert.equal(reasonNotToCopy(target), undefined);
  assert.match(
    reasonNotToCopy(swapped) ?? "",
    /^too little memory for a copy: \d+ MiB left .*, 10737\d{5} MiB needed$/,
  );
});
