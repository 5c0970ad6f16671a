import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCgroupFile } from "../../src/parsers/cgroup-file.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const ID = "4f2a91c0".repeat(8);
const OTHER = "0123abcd".repeat(8);

const CONTAINERS: Readonly<Record<string, string>> = {
  "Docker with cgroupfs": `/docker/${ID}`,
  "Docker with systemd": `/system.slice/docker-${ID}.scope`,
  "Docker in Docker": `/docker/${OTHER}/docker/${ID}`,
  "containerd under Kubernetes": `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2.slice/cri-containerd-${ID}.scope`,
  "containerd with its old names": `/system.slice/containerd.service/kubepods-pod1f.slice:cri-containerd:${ID}`,
  "Kubernetes with cgroupfs": `/kubepods/burstable/pod0a1b2c3d-0000-1111-2222-333344445555/${ID}`,
  "CRI-O": `/kubepods.slice/kubepods-pod1f.slice/crio-${ID}.scope`,
  Podman: `/machine.slice/libpod-${ID}.scope/container`,
  "Podman without root": `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
  "Amazon ECS": `/ecs/9d1a/${ID}`,
  "seen from a sibling's namespace": `/../${ID}`,
};

for (const [engine, path] of Object.entries(CONTAINERS))
  test(`the container id is found: ${engine}`, () => {
    const place = parseCgroupFile(`0::${path}\n`);

    assert.equal(place.containerId, ID);
    assert.equal(place.service, undefined);
  });

test("the watcher of a container is not in the container", () => {
  assert.equal(parseCgroupFile(`0::/machine.slice/libpod-conmon-${ID}.scope`).containerId, undefined);
  assert.equal(parseCgroupFile(`0::/machine.slice/crio-conmon-${ID}.scope`).containerId, undefined);
});

const SERVICES: Readonly<Record<string, string | undefined>> = {
  "/system.slice/nginx.service": "nginx.service",
  "/system.slice/system-muskie.slice/muskie@7.service": "muskie@7.service",
  "/system.slice/system-muskie.slice/muskie@7.service/worker": "muskie@7.service",
  "/system.slice/my\\x2dapp.service": "my\\x2dapp.service",
  "/system.slice/_tasks.service": "tasks.service",
  "/user.slice/user-1000.slice/user@1000.service/app.slice/muskie.service": "muskie.service",
  "/user.slice/user-1000.slice/user@1000.service/init.scope": undefined,
  "/user.slice/user-1000.slice/session-3.scope": undefined,
  "/init.scope": undefined,
  "/": undefined,
  "/docker/x/system.slice/nginx.service": undefined,
};

for (const [path, service] of Object.entries(SERVICES))
  test(`the service of ${path} is ${service ?? "unknown"}`, () => {
    assert.equal(parseCgroupFile(`0::${path}\n`).service, service);
  });

test("of several hierarchies systemd's own says most", () => {
  const place = parseCgroupFile(
    "4:memory:/process_api/9\n1:name=systemd:/system.slice/nginx.service\n0::/\n",
  );

  assert.deepEqual(place, {
    path: "/system.slice/nginx.service",
    paths: ["/process_api/9", "/system.slice/nginx.service", "/"],
    containerId: undefined,
    service: "nginx.service",
  });
});

test("no text makes the cgroup parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: CODE_POINT }), (text) => void parseCgroupFile(text)));
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("0::/", "a.slice/", "user@1.service", ".service", ID, "\n", ":")),
      (parts) => void parseCgroupFile(parts.join("")),
    ),
  );
});
