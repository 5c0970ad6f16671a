// A real S3 store for tests: a Ceph RADOS gateway on free ports of loopback with a folder of its own. It is gone with
// the process that started it, however that ends.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";

const PACKAGES = ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"];
const COMMANDS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "ceph-authtool", "monmaptool"];
const APT = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600", ...PACKAGES];

export const ACCESS_KEY = "exhibitaccess";
export const SECRET_KEY = "exhibitsecret0123456789";

export interface Rgw {
  readonly port: number;
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

function missing(): string[] {
  return COMMANDS.filter((command) => {
    try {
      execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
      return false;
    } catch {
      return true;
    }
  });
}

function install(): void {
  if (missing().length === 0) return;
  const line = `apt-get ${APT.join(" ")}`;
  assert.equal(process.getuid?.(), 0, `these tests need Ceph: as root, run ${line}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    execFileSync("apt-get", ["update", "-q"], { stdio: "ignore", env });
    execFileSync("apt-get", APT, { stdio: "ignore", env });
  } catch (error) {
    assert.fail(`Ceph could not be installed (${String(error)}): run ${line}`);
  }
  assert.deepEqual(missing(), [], `still missing after: ${line}`);
}

/** A port of loopback that nobody holds, below the ephemeral ones: a monitor waits minutes for a port that is taken. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    server.listen(port, "127.0.0.1");
    const free = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]).catch(() => false);
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Starts it and returns when it answers, some 5 to 20 seconds later. */
export async function startRgw(objectStore: "memstore" | "bluestore" = "memstore"): Promise<Rgw> {
  install();
  let reason = "";
  // Between looking for a free port and using it somebody else may take it.
  for (let attempt = 0; attempt < 3; attempt++) {
    const ports = [await freePort(), await freePort(), await freePort()];
    const dir = mkdtempSync("/tmp/rgw-");
    const script = new URL("rgw.sh", import.meta.url).pathname;
    const child = spawn("bash", [script, dir, ...ports.map(String), ACCESS_KEY, SECRET_KEY, objectStore], {
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    const answer = await firstAnswer(child);
    if (answer === "ready")
      return { port: ports[0] ?? 0, endpoint: `http://127.0.0.1:${ports[0]}`, stop: () => stop(child) };
    reason = answer;
    await stop(child);
  }
  return assert.fail(`the Ceph gateway does not start: ${reason}`);
}

async function firstAnswer(child: ChildProcess): Promise<string> {
  let stderr = "";
  child.stderr?.on("data", (data) => (stderr += String(data)));
  const exited = once(child, "exit").then(() => stderr);
  return Promise.race([once(child.stdout ?? child, "data").then(([line]) => String(line).trim()), exited]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.stdin?.end();
  await exited;
}
