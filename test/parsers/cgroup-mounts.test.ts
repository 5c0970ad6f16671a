import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCgroupMounts } from "../../src/parsers/cgroup-mounts.ts";

const MOUNTINFO = `24 30 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw
31 24 0:26 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
32 24 0:27 / /sys/fs/cgroup/my\\040systemd rw shared:10 master:2 - cgroup cgroup rw,xattr,name=systemd
33 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
`;

test("the hierarchies that systemd uses are found, its own first, with blanks in the path", () => {
  assert.deepEqual(parseCgroupMounts(MOUNTINFO), ["/sys/fs/cgroup/my systemd", "/sys/fs/cgroup/unified"]);
});

test("no text makes the mount parser throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseCgroupMounts(text)));
});
