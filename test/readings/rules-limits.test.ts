import assert from "node:assert/strict";
import { test } from "node:test";
import { openFiles, processLooks, readingOf, TARGET, type Files } from "../helpers/evidence.ts";

const MIB = 1024 ** 2;

const descriptorsOf = async (files: Files) => {
  const found = await readingOf("descriptors", files);
  return found && [found.value, found.sureness, found.speaksFor];
};

test("descriptors are told when they are many, nearly all, or grow towards the limit", async () => {
  const growing = processLooks({ descriptors: [240, 250, 260, 270, 280, 290] });

  assert.equal(await descriptorsOf(openFiles(500)), undefined);
  assert.deepEqual(await descriptorsOf(openFiles(501)), [50.1, "hint", "none"]);
  assert.deepEqual(await descriptorsOf(openFiles(900)), [90, "certain", "restart"]);
  assert.deepEqual(await descriptorsOf({ ...openFiles(290), ...growing }), [29, "likely", "restart"]);
  assert.equal(await descriptorsOf({ ...openFiles(290, 1_000_000), ...growing }), undefined);
  assert.equal(await descriptorsOf(openFiles(5000, "unlimited")), undefined);
});

test("the time until the limit of descriptors is told from their growth", async () => {
  const growing = processLooks({ descriptors: [240, 250, 260, 270, 280, 290] });

  const found = await readingOf("descriptors", { ...openFiles(290), ...growing });

  assert.equal(
    found?.text,
    "290 of 1000 file descriptors were open (29 %): 290 socket; 50 more in 5 s, at that rate the limit is reached in about 71 s.",
  );
});

test("memory that only grows is told with the limit that it will reach; what falls, rests or fills up is not", async () => {
  const meminfo = { "host/first-meminfo.txt": `MemAvailable:   ${4 * 1024 * 1024} kB\n` };
  const told = async (mib: readonly number[], more: Files = meminfo) => {
    const looks = processLooks({ anonymousBytes: mib.map((one) => one * MIB) });
    return (await readingOf("memory-growing", { ...looks, ...more }))?.text;
  };

  assert.equal(
    await told([100, 120, 140, 160, 180, 200]),
    "Its own memory grew from 100 MiB to 200 MiB in 5 s; at that rate it has all that this host has left (4.2 GiB) in about 3 min.",
  );
  assert.equal(await told([100, 120, 140, 160, 180, 90]), undefined);
  assert.equal(await told([100, 100, 100, 100, 100, 100]), undefined);
  assert.equal(await told([100, 170, 190, 195, 198, 200]), undefined);
  assert.equal(await told([100, 140, 200]), undefined);
  assert.equal(await told([100, 120, 140, 160, 180, 200], {}), undefined);
});

test("the nearer of the two limits is that of the cgroup", async () => {
  const looks = processLooks({ anonymousBytes: [100, 120, 140, 160, 180].map((one) => one * MIB) });

  const found = await readingOf("memory-growing", {
    ...looks,
    "host/first-meminfo.txt": "MemAvailable:   4194304 kB\n",
    "host/first-cgroup2-memory.current.txt": `${190 * MIB}\n`,
    "host/first-cgroup2-memory.max.txt": `${256 * MIB}\n`,
  });

  assert.match(found?.text ?? "", /all that its cgroup may \(256 MiB\) in about 4 s\.$/);
});

const room = {
  type: "ext2/ext3",
  path: "/proc/42/fd/3",
  what: "/var/log/app.log",
  isWritten: true,
  sizeBytes: 1000 * MIB,
  freeBytes: 50 * MIB,
  availableBytes: 0,
  inodes: 1000,
  freeInodes: 900,
};

const roomOf = async (more: Partial<typeof room>, uid = 1000) => {
  const files = {
    "open-files/summary.json": { open: 3 },
    "open-files/filesystems.json": { filesystems: [{ ...room, ...more }] },
  };
  const found = await readingOf("disk-full", files, { target: { ...TARGET, uid } });
  return found && [found.text, found.sureness];
};

test("a full file system is told by bytes or inodes; one that is read-only, or has room, is not", async () => {
  assert.deepEqual(await roomOf({}), [
    "The file system of /var/log/app.log has 0 B of 1000 MiB left (0%).",
    "certain",
  ]);
  assert.equal(await roomOf({}, 0), undefined);
  assert.deepEqual(await roomOf({ availableBytes: 900 * MIB, freeInodes: 2 }), [
    "The file system of /var/log/app.log has 2 of 1000 inodes left (0.2%).",
    "certain",
  ]);
  assert.equal(await roomOf({ availableBytes: 900 * MIB, inodes: 0, freeInodes: 0 }), undefined);
  assert.equal(await roomOf({ type: "squashfs" }), undefined);
  assert.equal((await roomOf({ isWritten: false }))?.[1], "likely");
});

const restartsOf = async (restarts: number, ageSeconds: number) =>
  (
    await readingOf("restart-loop", {
      "process/status.txt": "Name:\tx\n",
      "process/process.json": { ageSeconds },
      "process/unit.txt": `NRestarts=${restarts}\nId=x.service\nLoadState=loaded\nActiveState=active\n`,
    })
  )?.text;

test("a unit that systemd restarts again and again is told while it is young", async () => {
  assert.equal(
    await restartsOf(7, 12),
    "systemd has restarted the unit 7 times by itself; this process is 12 s old.",
  );
  assert.equal(await restartsOf(7, 3600), undefined);
  assert.equal(await restartsOf(2, 12), undefined);
});

const stat = (periods: number, throttled: number) => `nr_periods ${periods}\nnr_throttled ${throttled}\n`;

const throttledOf = async (throttled: number) => {
  const files = {
    "host/first-cgroup2-cpu.stat.txt": stat(100, 5),
    "host/last-cgroup2-cpu.stat.txt": stat(150, 5 + throttled),
    "host/summary.json": { windowMs: 5000 },
  };
  const found = await readingOf("cpu-throttled", files);
  return found && [found.value, found.speaksFor];
};

test("a CPU limit that is felt speaks against a restart, one that is met now and then is a hint", async () => {
  assert.equal(await throttledOf(0), undefined);
  assert.deepEqual(await throttledOf(2), [2, "none"]);
  assert.deepEqual(await throttledOf(40), [40, "not-restart"]);
});
