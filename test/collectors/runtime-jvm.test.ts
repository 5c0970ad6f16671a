// Needs: java
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSandbox, statusesOf } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";

// What lives nearly fills the heap, and nothing is waited for: far above the share from which it is told, on any machine.
const PROGRAM = `
public class Collects {
  public static void main(String[] arguments) throws Exception {
    System.out.println("up");
    byte[][] keep = new byte[20000][];
    for (int at = 0; ; at++) keep[at % keep.length] = new byte[1500];
  }
}`;

test("a JVM's collections come from its own counters, its threads and heap from jcmd, and it lives on", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-jvm-"));
  const box = openSandbox("capture: {window: 2s}\n");
  t.after(() => {
    rmSync(folder, { recursive: true });
    box.remove();
  });
  writeFileSync(join(folder, "Collects.java"), PROGRAM);
  const { pid, child } = await start(t, [
    "java",
    "-XX:+UseSerialGC",
    "-Xmx48m",
    join(folder, "Collects.java"),
  ]);

  const ran = box.run(["capture", "--pid", String(pid), "--only", "runtime", "-b", "30s"]);

  assert.equal(statusesOf(box.manifest()).runtime, "ok", ran.stderr);
  const share = box.manifest().readings.find(({ id }) => id === "gc-share");
  assert.equal(share?.method, "jstat");
  assert.ok(share.value >= 10 && share.value <= 100 && (share.windowMs ?? 0) >= 900, JSON.stringify(share));
  assert.match(box.read("evidence/runtime/threads.txt"), /Full thread dump/);
  assert.match(box.read("evidence/runtime/heap.txt"), /tenured generation/);
  assert.equal(child.exitCode, null);
  // Nothing that collects garbage was asked for.
  const asked = box.manifest().collectors.find(({ name }) => name === "runtime")?.commands ?? [];
  const last = asked.map(({ argv }) => argv.at(argv.includes("jstat") ? -2 : -1) ?? "");
  assert.deepEqual(new Set(last), new Set(["1000", "GC.heap_info", "Thread.print"]));
});

test("a JVM with a /tmp of its own is asked where it is, and prints nothing on its own output", async (t) => {
  // As systemd's PrivateTmp makes it; what it runs must lie elsewhere.
  const folder = mkdtempSync("/var/tmp/exhibit-jvm-");
  const box = openSandbox("capture: {window: 2s}\n");
  t.after(() => {
    rmSync(folder, { recursive: true });
    box.remove();
  });
  chmodSync(folder, 0o755);
  const source = join(folder, "Collects.java");
  writeFileSync(source, PROGRAM);
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const java = ["java", "-XX:+UseSerialGC", "-Xmx48m", source];
  const inOwnTmp = ["sh", "-c", 'mount -t tmpfs tmpfs /tmp && exec "$@"', "sh", ...nobody, ...java];
  const { pid, child } = await start(t, ["unshare", "--mount", ...inOwnTmp]);
  let printed = "";
  child.stdout?.on("data", (text) => (printed += text)).resume();

  const ran = await box.runBeside(["capture", "--pid", String(pid), "--only", "runtime", "-b", "30s"]);

  assert.equal(statusesOf(box.manifest()).runtime, "ok", ran.stderr);
  assert.match(box.read("evidence/runtime/threads.txt"), /Full thread dump/);
  assert.match(box.read("evidence/runtime/heap.txt"), /tenured generation/);
  assert.equal(box.manifest().readings.find(({ id }) => id === "gc-share")?.method, "jstat");
  assert.equal(printed, "up\n");
  assert.equal(child.exitCode, null);
});
