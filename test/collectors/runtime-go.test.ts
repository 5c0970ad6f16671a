// Needs: go
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openSandbox, statusesOf } from "../helpers/exhibit.ts";
import { start } from "../helpers/started.ts";

const program = (imports: string) => `package main

import (
	"fmt"
	"net"
	"net/http"
	${imports}
	"runtime"
	"time"
)

func waitsForever(c chan int) { <-c }

func main() {
	c := make(chan int)
	for i := 0; i < 300; i++ {
		go waitsForever(c)
	}
	quiet, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(quiet.Addr(), listener.Addr())
	go func() {
		for {
			runtime.GC()
			time.Sleep(100 * time.Millisecond)
		}
	}()
	http.Serve(listener, nil)
}
`;

function build(t: TestContext, imports: string) {
  const folder = mkdtempSync(join(tmpdir(), "exhibit-go-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "main.go"), program(imports));
  const env = { ...process.env, GOCACHE: join(folder, "cache"), GO111MODULE: "off", GOFLAGS: "" };
  // Stripped, as services are.
  execFileSync("go", ["build", "-ldflags=-s -w", "-o", "app", "main.go"], { cwd: folder, env });
  return join(folder, "app");
}

function capture(t: TestContext, pid: number) {
  const box = openSandbox();
  t.after(() => box.remove());
  const ran = box.run(["capture", "--pid", String(pid), "--only", "runtime", "-b", "30s"]);
  return { box, ran, entry: box.manifest().collectors.find(({ name }) => name === "runtime") };
}

for (const way of ["in our network namespace", "in a network namespace of its own"])
  test(`a Go program ${way} tells its goroutines and pauses by its own pprof, and lives on`, async (t) => {
    const app = build(t, '_ "net/http/pprof"');
    const own = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0"', app] as const;
    const { pid, child } = await start(t, way.startsWith("in our") ? [app] : own);

    const { box, ran, entry } = capture(t, pid);

    // One listener never answers: two seconds for it, and the next is asked.
    assert.equal(statusesOf(box.manifest()).runtime, "ok", ran.stderr);
    const goroutines = box.manifest().readings.find(({ id }) => id === "goroutines");
    assert.ok((goroutines?.value ?? 0) >= 300);
    assert.match(goroutines?.text ?? "", /300 have the same stack, in main\.waitsForever/);
    const pauses = box.manifest().readings.find(({ id }) => id === "gc-pauses");
    assert.ok(pauses !== undefined && pauses.value >= 0 && (pauses.windowMs ?? 0) > 0);
    assert.doesNotMatch(pauses.text, /collection 0 times/);
    assert.equal(entry?.method, "pprof");
    assert.equal(child.exitCode, null);
    assert.equal(child.signalCode, null);
  });

test("a Go program without pprof is asked nothing", async (t) => {
  const { pid, child } = await start(t, [build(t, "")]);

  const { box, entry } = capture(t, pid);

  assert.equal(statusesOf(box.manifest()).runtime, "unsupported");
  assert.match(entry?.reason ?? "", /no net\/http\/pprof is seen/);
  assert.deepEqual(entry?.commands ?? [], []);
  assert.equal(child.exitCode, null);
});
