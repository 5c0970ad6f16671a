import assert from "node:assert/strict";
import { test } from "node:test";
import {
  closingLines,
  collectResults,
  filesToRepeat,
  repeatLines,
  totalOf,
  wrongWith,
  type FileResult,
  type TestEvent,
} from "../../scripts/test-results.ts";

const GROUPS = [["test/alone.test.ts"], ["test/a.test.ts", "test/b.test.ts"]] as const;
const MODULES = ["/p/test/alone.test.ts", "/tmp/group-1.mjs"];

function event(file: string, name: string, more: Partial<TestEvent> = {}): TestEvent {
  return { name, nesting: 0, file: `/p/${file}`, line: 3, ...more };
}

const error = (failureType: string, more = {}) => ({ details: { error: { failureType, ...more } } });

/** A run of GROUPS in which every file has one test that passed, and then what is told to `hear`. */
function runOf(tell: (hear: ReturnType<typeof collectResults>["hear"]) => void = () => undefined) {
  const { hear, results } = collectResults("/p/", MODULES, GROUPS);
  for (const path of GROUPS.flat()) {
    hear("enqueue", event(path, "good"));
    hear("pass", event(path, "good"));
  }
  tell(hear);
  return results();
}

const resultOf = (results: ReadonlyMap<string, FileResult>, path: string) =>
  results.get(path) ?? assert.fail(path);

test("tests are counted as node:test counts them, by the file that defines them", () => {
  const results = runOf((hear) => {
    for (const name of ["suite", "bad", "late", "skipped", "todo"])
      hear("enqueue", event("test/b.test.ts", name));
    hear("fail", event("test/b.test.ts", "bad", { nesting: 1, ...error("testCodeFailure") }));
    hear("fail", event("test/b.test.ts", "late", error("testTimeoutFailure")));
    hear("pass", event("test/b.test.ts", "skipped", { skip: true }));
    hear("pass", event("test/b.test.ts", "todo", { todo: "soon" }));
    hear(
      "fail",
      event("test/b.test.ts", "suite", {
        details: { type: "suite", error: { failureType: "subtestsFailed" } },
      }),
    );
  });

  assert.deepEqual(resultOf(results, "test/b.test.ts"), {
    tests: 5,
    suites: 1,
    pass: 1,
    fail: 1,
    cancelled: 1,
    skipped: 1,
    todo: 1,
    unfinished: 0,
    failures: ["test/b.test.ts:3 bad", "test/b.test.ts:3 late"],
  });
  assert.deepEqual(wrongWith(resultOf(results, "test/a.test.ts")), []);
  assert.equal(totalOf(results, new Map()).tests, 7);
});

test("a file that ran nothing, or whose tests never ended, is wrong though nothing failed", () => {
  const { hear, results } = collectResults("/p/", MODULES, GROUPS);
  hear("enqueue", event("test/a.test.ts", "endless"));
  hear("enqueue", event("test/b.test.ts", "good"));
  hear("enqueue", event("test/b.test.ts", "endless"));
  hear("pass", event("test/b.test.ts", "good"));
  hear("pass", { name: "/p/test/alone.test.ts", nesting: 0, file: "/p/test/alone.test.ts", line: 1 });

  const wrong = (path: string) => wrongWith(resultOf(results(), path));

  assert.deepEqual(wrong("test/alone.test.ts"), ["it ran no test that it defines"]);
  assert.deepEqual(wrong("test/a.test.ts"), ["it ran no test that it defines"]);
  assert.deepEqual(wrong("test/b.test.ts"), ["1 of its tests began and never ended"]);
  assert.deepEqual(filesToRepeat(GROUPS, results()), GROUPS.flat());
});

test("a process that ends badly is told of all its files, which run again together or count as a failed test", () => {
  const results = runOf((hear) => {
    hear("fail", {
      name: "/tmp/group-1.mjs",
      nesting: 0,
      ...error("testCodeFailure", { exitCode: 7, signal: null }),
    });
    hear("fail", {
      name: "/p/test/alone.test.ts",
      nesting: 0,
      ...error("testCodeFailure", { signal: "SIGSEGV" }),
    });
  });

  assert.deepEqual(wrongWith(resultOf(results, "test/a.test.ts")), ["its process ended with exit code 7"]);
  assert.deepEqual(wrongWith(resultOf(results, "test/alone.test.ts")), ["its process ended with SIGSEGV"]);
  assert.deepEqual(
    [resultOf(results, "test/alone.test.ts").fail, resultOf(results, "test/a.test.ts").fail],
    [1, 0],
  );
  assert.deepEqual(filesToRepeat(GROUPS, results), GROUPS.flat());
});

test("up to three files that failed run again; four, or a test that stands in no test file, are no bad luck", () => {
  const groups = ["a", "b", "c", "d"].map((name) => [`test/${name}.test.ts`]);
  const failing = (count: number, more: readonly string[] = []) => {
    const { hear, results } = collectResults(
      "/p/",
      groups.flat().map((path) => `/p/${path}`),
      groups,
    );
    for (const [index, path] of [...groups.flat(), ...more].entries()) {
      const isBad = index < count || more.includes(path);
      hear("enqueue", event(path, "x"));
      hear(isBad ? "fail" : "pass", event(path, "x", isBad ? error("testCodeFailure") : {}));
    }
    return filesToRepeat(groups, results());
  };

  assert.deepEqual(failing(0), []);
  assert.deepEqual(failing(3), ["test/a.test.ts", "test/b.test.ts", "test/c.test.ts"]);
  assert.deepEqual(failing(4), []);
  assert.deepEqual(failing(1, ["test/helpers/contract.ts"]), []);
});

/** A second run, of b.test.ts alone, in which its test `bad` ends like this. */
function again(kind: "pass" | "fail") {
  const { hear, results } = collectResults("/p/", ["/p/test/b.test.ts"], [["test/b.test.ts"]]);
  for (const name of ["good", "bad"]) hear("enqueue", event("test/b.test.ts", name));
  hear("pass", event("test/b.test.ts", "good"));
  hear(kind, event("test/b.test.ts", "bad", kind === "fail" ? error("testCodeFailure") : {}));
  return results();
}

test("the second time counts, in the closing lines too, and both are told", () => {
  const first = runOf((hear) => {
    hear("enqueue", event("test/b.test.ts", "bad"));
    hear("fail", event("test/b.test.ts", "bad", error("testCodeFailure")));
  });

  const { tests, pass, fail } = totalOf(first, again("pass"));
  assert.deepEqual({ tests, pass, fail }, { tests: 4, pass: 4, fail: 0 });
  assert.deepEqual(repeatLines(first, again("pass")), [
    "flaky: test/b.test.ts failed (test/b.test.ts:3 bad) and passed when it ran again, alone",
  ]);
  assert.deepEqual(totalOf(first, again("fail")), totalOf(first, new Map()));
  assert.match(
    repeatLines(first, again("fail"))[0] ?? "",
    /^failed: test\/b.test.ts failed .* and failed when/,
  );
  assert.equal(
    closingLines(totalOf(first, again("pass")), 12.5),
    "ℹ tests 4\nℹ suites 0\nℹ pass 4\nℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 12.5\n",
  );
});
