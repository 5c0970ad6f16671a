// Needs: go
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { openSandbox, statusesOf } from "../helpers/exhibit.ts";
import { sha256 } from "../helpers/sealed-bundle.ts";
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

/** Go compiles its own library first, which takes many seconds: once a run, and never again for what was built before. */
const BUILT = new URL("../../node_modules/.cache/exhibit-go", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "exhibit-go-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** The program for this source and this Go, stripped as services are. */
function build(imports: string): string {
  const source = program(imports);
  const version = execFileSync("go", ["version"], { encoding: "utf8" });
  const app = join(BUILT, `app-${sha256(version + source).slice(0, 16)}`);
  if (existsSync(app)) return app;
  mkdirSync(BUILT, { recursive: true });
  writeFileSync(join(scratch, "main.go"), source);
  const env = { ...process.env, GOCACHE: join(scratch, "cache"), GO111MODULE: "off", GOFLAGS: "" };
  const fresh = `${app}.${process.pid}.tmp`;
  execFileSync("go", ["build", "-ldflags=-s -w", "-o", fresh, "main.go"], { cwd: scratch, env });
  renameSync(fresh, app);
  return app;
}

function capture(t: TestContext, pid: number) {
  const box = openSandbox("capture: {window: 1s}\n");
  t.after(() => box.remove());
  const ran = box.run(["capture", "--pid", String(pid), "--only", "runtime", "-b", "30s"]);
  return { box, ran, entry: box.manifest().collectors.find(({ name }) => name === "runtime") };
}

for (const way of ["in our network namespace", "in a network namespace of its own"])
  test(`a Go program ${way} tells its goroutines and pauses by its own pprof, and lives on`, async (t) => {
    const app = build('_ "net/http/pprof"');
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
  const { pid, child } = await start(t, [build("")]);

  const { box, entry } = capture(t, pid);

  assert.equal(statusesOf(box.manifest()).runtime, "unsupported");
  assert.match(entry?.reason ?? "", /no net\/http\/pprof is seen/);
  assert.deepEqual(entry?.commands ?? [], []);
  assert.equal(child.exitCode, null);
});
