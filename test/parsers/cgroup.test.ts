import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findCgroupFolders, groupsUpwards, limitsCpu, parseMemoryLimit } from "../../src/parsers/cgroup.ts";
import { parseMountinfo } from "../../src/parsers/mountinfo.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const HYBRID = parseMountinfo(fixture("linux/host/mountinfo-hybrid.txt"));
const UNIFIED = parseMountinfo("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n");

test("on a recorded host of both versions every group is found where its hierarchy is mounted", () => {
  const folders = findCgroupFolders(fixture("linux/host/cgroup-limited.txt"), HYBRID);

  const memory = folders.find((one) => one.controllers.includes("memory"));
  assert.equal(folders.length, 10);
  assert.deepEqual(memory, {
    version: 1,
    controllers: ["memory"],
    folder: "/sys/fs/cgroup/memory/xb-fix",
    mountPoint: "/sys/fs/cgroup/memory",
  });
  assert.deepEqual(folders.at(-1), {
    version: 2,
    controllers: [],
    folder: "/sys/fs/cgroup/unified",
    mountPoint: "/sys/fs/cgroup/unified",
  });
});

test("on a host of version 2 the one group is found", () => {
  const folders = findCgroupFolders("0::/system.slice/web.service\n", UNIFIED);

  assert.deepEqual(
    folders.map(({ version, folder }) => ({ version, folder })),
    [{ version: 2, folder: "/sys/fs/cgroup/system.slice/web.service" }],
  );
});

test("a mount of a part of the hierarchy is used for what is below that part only", () => {
  const mounts = parseMountinfo(
    "30 23 0:26 /kubepods/pod1 /other rw - cgroup2 cgroup2 rw\n31 23 0:26 /kubepods/pod2 /mine rw - cgroup2 cgroup2 rw\n",
  );

  const found = findCgroupFolders("0::/kubepods/pod2/c\n", mounts).map(({ folder }) => folder);

  assert.deepEqual(found, ["/mine/c"]);
  assert.deepEqual(findCgroupFolders("0::/kubepods/pod22\n", mounts), []);
});

test("a group outside of our namespace is not looked for", () => {
  assert.deepEqual(findCgroupFolders("0::/../../other\n", UNIFIED), []);
});

test("the groups above one end at the mount point", () => {
  const place = { version: 2 as const, controllers: [], mountPoint: "/cg", folder: "/cg/a/b" };

  assert.deepEqual(groupsUpwards(place, 16), ["/cg/a/b", "/cg/a", "/cg"]);
  assert.deepEqual(groupsUpwards({ ...place, folder: "/cg" }, 16), ["/cg"]);
  assert.deepEqual(groupsUpwards(place, 2), ["/cg/a/b", "/cg/a"]);
});

test("no memory limit is told as unknown in both versions", () => {
  const limits = ["33554432\n", "max\n", "9223372036854771712\n", "", "12 34\n"].map(parseMemoryLimit);

  assert.deepEqual(limits, [33_554_432, undefined, undefined, undefined, undefined]);
});

test("a CPU limit is told from none in both versions", () => {
  const limited = ["20000 100000\n", "20000\n", "max 100000\n", "-1\n", ""].map(limitsCpu);

  assert.deepEqual(limited, [true, true, false, false, false]);
});

test("whatever the files say, a folder is below a mount point and has no .. in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), fc.string({ unit: CODE_POINT }), (path, garbage) =>
      findCgroupFolders(`0::/${path}\n${garbage}`, HYBRID).every(
        ({ folder, mountPoint }) => folder.startsWith(mountPoint) && !folder.split("/").includes(".."),
      ),
    ),
  );
});
