import assert from "node:assert/strict";
import { test } from "node:test";
import host from "../../src/collectors/host.ts";
import { collectRecorded, fixture } from "../helpers/recorded.ts";

const read = (name: string) => fixture(`linux/host/${name}.txt`);

const CALM = {
  "/proc/stat": read("stat"),
  "/proc/meminfo": read("meminfo"),
  "/proc/loadavg": read("loadavg"),
  "/proc/vmstat": read("vmstat"),
  "/proc/diskstats": read("diskstats"),
  "/proc/pressure/cpu": read("pressure-cpu"),
  "/proc/pressure/memory": read("pressure-memory"),
  "/proc/pressure/io": read("pressure-io"),
  "/proc/self/mountinfo": read("mountinfo-hybrid"),
};

/** A file that says something else from the second look on. */
function changing(before: string, after: string): () => string {
  let looks = 0;
  return () => (looks++ === 0 ? before : after);
}

test("host keeps raw copies of both ends, a sample a second, and reads nothing into a calm host", async () => {
  const result = await collectRecorded(host, { host: CALM, process: { cgroup: read("cgroup-hybrid") } });

  assert.deepEqual(result.readings, []);
  assert.deepEqual(result.gaps, []);
  assert.equal(result.lines("samples.jsonl").length, 4);
  assert.equal(result.saved.get("first-vmstat.txt"), read("vmstat"));
  assert.equal(result.saved.get("last-pressure-io.txt"), read("pressure-io"));
});

test("host tells what a kernel does not have as absent, which is no gap", async () => {
  const { "/proc/pressure/cpu": _cpu, ...without } = CALM;

  const result = await collectRecorded(host, { host: without, process: { cgroup: "0::/\n" } });

  const summary = JSON.parse(result.saved.get("summary.json") ?? "");
  assert.ok(summary.absent.includes("pressure-cpu"));
  assert.match(result.saved.get("samples.jsonl") ?? "", /"pressure":\{"memory":/);
  assert.deepEqual(result.gaps, []);
});

test("host reads a recorded group that hits its limits of CPU and memory", async () => {
  const group = "/sys/fs/cgroup";
  const result = await collectRecorded(host, {
    host: {
      ...CALM,
      [`${group}/cpu/xb-fix/cpu.cfs_quota_us`]: "20000\n",
      [`${group}/cpu/xb-fix/cpu.stat`]: changing(
        read("cgroup1-cpu.stat-before"),
        read("cgroup1-cpu.stat-after"),
      ),
      [`${group}/memory/xb-fix/memory.usage_in_bytes`]: read("cgroup1-memory.usage_in_bytes"),
      [`${group}/memory/xb-fix/memory.limit_in_bytes`]: read("cgroup1-memory.limit_in_bytes"),
      [`${group}/memory/xb-fix/memory.oom_control`]: read("cgroup1-memory.oom_control"),
    },
    process: { cgroup: read("cgroup-limited") },
  });

  assert.deepEqual(result.readings, [
    {
      id: "cgroup-memory",
      text: "Its cgroup holds 99.4% of the 32 MiB of memory it may have, page cache included.",
      value: 99.4,
      unit: "percent",
      line: "33337344",
      file: "last-cgroup1-memory.usage_in_bytes.txt",
    },
    {
      id: "cpu-throttled",
      text: "The CPU limit of its cgroup held it back in 15 of 15 periods.",
      value: 15,
      unit: "count",
      windowMs: 3000,
      line: "nr_throttled 22",
      file: "last-cgroup1-cpu.stat.txt",
    },
  ]);
});

test("host looks at the nearest group above that has the limit, and tells its kills", async () => {
  const slice = "/sys/fs/cgroup/user.slice";
  const result = await collectRecorded(host, {
    host: {
      ...CALM,
      "/proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      [`${slice}/app.scope/memory.max`]: "max\n",
      [`${slice}/memory.max`]: "1000\n",
      [`${slice}/memory.current`]: "100\n",
      [`${slice}/memory.events`]: "low 0\noom 2\noom_kill 1\n",
      [`${slice}/app.scope/pids.current`]: "7\n",
    },
    process: { cgroup: "0::/user.slice/app.scope\n" },
  });

  assert.deepEqual(
    result.readings.map(({ id, text, line }) => ({ id, text, line })),
    [
      {
        id: "cgroup-oom-kill",
        text: "The kernel has killed 1 process of its cgroup for want of memory.",
        line: "oom_kill 1",
      },
    ],
  );
  const summary = JSON.parse(result.saved.get("summary.json") ?? "");
  assert.deepEqual(summary.cgroupFolders, [`${slice}/app.scope`, slice]);
  assert.equal(result.saved.get("last-cgroup2-pids.current.txt"), "7\n");
});

test("host reads load, pressure, steal and kills of the whole host", async () => {
  const stolen = read("stat").replace(/^cpu .*$/m, "cpu  31869 0 12417 478679 2077 0 165 833 0 0");
  const killed = read("vmstat").replace("oom_kill 0", "oom_kill 2");
  const result = await collectRecorded(host, {
    host: {
      ...CALM,
      "/proc/stat": changing(read("stat"), stolen),
      "/proc/vmstat": changing(read("vmstat"), killed),
      "/proc/loadavg": "31.00 9.00 3.00 40/500 77\n",
      "/proc/pressure/memory": "some avg10=23.50 avg60=1.00 avg300=0.10 total=99\n",
      "/proc/pressure/io": "some avg10=19.00 avg60=1.00 avg300=0.10 total=99\n",
    },
    process: { cgroup: "0::/\n" },
  });

  assert.deepEqual(
    result.readings.map(({ id, value, line }) => [id, value, line]),
    [
      ["host-oom-kill", 2, "oom_kill 2"],
      ["pressure-memory", 23.5, "some avg10=23.50 avg60=1.00 avg300=0.10 total=99"],
      ["cpu-steal", 50, "cpu  31869 0 12417 478679 2077 0 165 833 0 0"],
      ["load", 31, "31.00 9.00 3.00 40/500 77"],
    ],
  );
  assert.equal(
    result.readings[1]?.text,
    "On this host some task, of the target or not, waited for memory during 23.5% of the last 10 s.",
  );
});

test("host says that one sample tells of no change", async () => {
  const result = await collectRecorded(host, {
    windowMs: 0,
    host: CALM,
    process: { cgroup: read("cgroup-hybrid") },
  });

  assert.deepEqual(result.gaps, ["there was time for one sample only, so nothing is known of what changed"]);
  assert.equal(result.saved.has("last-stat.txt"), false);
});

test("host goes on without the cgroup of a process that has ended, and says so", async () => {
  const result = await collectRecorded(host, { host: CALM });

  assert.deepEqual(result.gaps, ["the target's cgroups could not be found out"]);
  assert.ok(result.saved.has("last-stat.txt"));
});

const MPSTAT = [
  "CPU minf mjf xcal  intr ithr  csw icsw migr smtx  srw syscl  usr sys  wt idl",
  "  0    1   0    0   233  104   55    0    7    0    0   156    1   0   0  99",
  "CPU minf mjf xcal  intr ithr  csw icsw migr smtx  srw syscl  usr sys  wt idl",
  "  0    1   0    0   233  104   55    0    7    0    0   156   96   1   0   3",
  "",
].join("\n");

test("host on illumos reads how idle the CPUs were, and takes tools of SmartOS where they are", async () => {
  const result = await collectRecorded(host, {
    platform: "illumos",
    windowMs: 1500,
    commands: {
      "mpstat 1 2": { stdout: MPSTAT },
      zonememstat: { stdout: "ZONE\n" },
      "kstat -p -m cpu_stat": { stderr: "kstat: no\n", exitCode: 1 },
    },
  });

  assert.deepEqual(
    result.readings.map(({ id, value, windowMs }) => [id, value, windowMs]),
    [["cpu-idle", 3, 1000]],
  );
  assert.deepEqual(JSON.parse(result.saved.get("summary.json") ?? ""), {
    samples: 1,
    idlePercent: 3,
    absent: ["vfsstat"],
  });
  assert.deepEqual(result.gaps, ["kstat: exit status 1: kstat: no"]);
});

test("host on illumos does not take the average since boot for a sample", async () => {
  const result = await collectRecorded(host, {
    platform: "illumos",
    windowMs: 1000,
    commands: { "mpstat 1 2": { stdout: MPSTAT.split("\n").slice(0, 2).join("\n") } },
  });

  assert.deepEqual(result.readings, []);
  assert.deepEqual(result.gaps, ["mpstat gave no sample after its average since boot"]);
});
