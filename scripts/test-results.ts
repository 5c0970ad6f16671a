// What came of each test file, from the events of node:test; which are run again, and the closing lines of both runs together.

/** As node:test counts: tests with tests inside count, too; suites do not. */
export interface Counts {
  readonly tests: number;
  readonly suites: number;
  readonly pass: number;
  readonly fail: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly todo: number;
}

export interface FileResult extends Counts {
  /** Tests that began or were announced, and of which no end was heard. */
  readonly unfinished: number;
  /** Where and what failed: `test/a.test.ts:12 a name`. */
  readonly failures: readonly string[];
  /** How its process ended, when that was not for a failed test: `exit code 7`. */
  readonly crash?: string;
}

/** What we read of an event's data (`EventData` of node:test). */
export interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly skip?: string | boolean | undefined;
  readonly todo?: string | boolean | undefined;
  readonly details?: { readonly type?: string | undefined; readonly error?: unknown };
}

type Event = "enqueue" | "pass" | "fail";

const NONE: FileResult = {
  tests: 0,
  suites: 0,
  pass: 0,
  fail: 0,
  cancelled: 0,
  skipped: 0,
  todo: 0,
  unfinished: 0,
  failures: [],
};

/** lib/internal/test_runner/harness.js: these end a test that did not fail by itself. */
const CANCELLED = new Set(["cancelledByParent", "testAborted", "testTimeoutFailure"]);

/** More than these are no bad luck. */
const MOST_RERUNS = 3;

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function endOf({ details }: TestEvent): string {
  const error = details?.error;
  if (property(error, "failureType") === "testTimeoutFailure")
    return `our kill: it did not end by itself (${String(property(error, "message"))})`;
  const signal = property(error, "signal");
  return typeof signal === "string" ? signal : `exit code ${String(property(error, "exitCode"))}`;
}

/** What to add for a test, as countCompletedTest() of node:test does. */
function outcomeOf(kind: "pass" | "fail", event: TestEvent): keyof Counts {
  if (event.details?.type === "suite") return "suites";
  if (event.skip !== undefined) return "skipped";
  if (event.todo !== undefined) return "todo";
  if (kind === "pass") return "pass";
  return CANCELLED.has(String(property(event.details?.error, "failureType"))) ? "cancelled" : "fail";
}

/**
 * Collects events into results by file. `modules` are what node was given, `groups` their files, `root` what precedes a path.
 * Tests are told apart by where they are defined: a test file defines its own.
 */
export function collectResults(
  root: string,
  modules: readonly string[],
  groups: readonly (readonly string[])[],
) {
  const results = new Map<string, FileResult>(groups.flat().map((path) => [path, NONE]));
  const groupOf = new Map(modules.map((module, index) => [module, groups[index] ?? []]));

  function change(path: string, by: (result: FileResult) => Partial<FileResult>): void {
    const result = results.get(path) ?? NONE;
    results.set(path, { ...result, ...by(result) });
  }

  /** A file alone counts as a test that failed, as node:test has it; those of a group are run again. */
  function crash(group: readonly string[], end: string): void {
    const failed = group.length === 1 ? 1 : 0;
    for (const path of group)
      change(path, ({ tests, fail }) => ({ crash: end, tests: tests + failed, fail: fail + failed }));
  }

  function hear(kind: Event, event: TestEvent): void {
    const group = event.nesting === 0 ? groupOf.get(event.name) : undefined;
    if (group) {
      if (kind === "fail") crash(group, endOf(event));
      return;
    }
    const path = (event.file ?? "").slice(root.length);
    if (kind === "enqueue") return change(path, ({ unfinished }) => ({ unfinished: unfinished + 1 }));
    const outcome = outcomeOf(kind, event);
    const place = `${path}:${event.line ?? 0} ${event.name}`;
    const isCause = kind === "fail" && property(event.details?.error, "failureType") !== "subtestsFailed";
    change(path, (result) => ({
      [outcome]: result[outcome] + 1,
      tests: result.tests + (outcome === "suites" ? 0 : 1),
      unfinished: result.unfinished - 1,
      failures: isCause ? [...result.failures, place] : result.failures,
    }));
  }

  return { hear, results: (): ReadonlyMap<string, FileResult> => results };
}

/** What is wrong with a file, one line each; nothing when all of its tests passed. */
export function wrongWith(result: FileResult): readonly string[] {
  const wrong = [...result.failures];
  if (result.crash) wrong.push(`its process ended with ${result.crash}`);
  else if (result.tests === 0) wrong.push("it ran no test that it defines");
  else if (result.unfinished > 0) wrong.push(`${result.unfinished} of its tests began and never ended`);
  return wrong;
}

/**
 * The files to run again, alone: none when all is well, and none when too much failed for bad luck. A group that crashed counts once
 * and is repeated whole; a test that was defined elsewhere than in a test file cannot be repeated.
 */
export function filesToRepeat(
  groups: readonly (readonly string[])[],
  results: ReadonlyMap<string, FileResult>,
): readonly string[] {
  const wrong = [...results].filter(([, result]) => wrongWith(result).length > 0).map(([path]) => path);
  const parts = groups.map((group) => group.filter((path) => wrong.includes(path)));
  if (parts.flat().length !== wrong.length) return [];
  const causes = parts.flatMap((part) => {
    const crashed = part.some((path) => results.get(path)?.crash !== undefined);
    return crashed ? [part] : part.map((path) => [path]);
  });
  return causes.filter((files) => files.length > 0).length > MOST_RERUNS ? [] : causes.flat();
}

/** The sum of both runs: what ran twice counts as the second time. */
export function totalOf(
  first: ReadonlyMap<string, FileResult>,
  second: ReadonlyMap<string, FileResult>,
): Counts {
  const counted = [...new Map([...first, ...second]).values()];
  const sum = (name: keyof Counts) => counted.reduce((total, result) => total + result[name], 0);
  return {
    tests: sum("tests"),
    suites: sum("suites"),
    pass: sum("pass"),
    fail: sum("fail"),
    cancelled: sum("cancelled"),
    skipped: sum("skipped"),
    todo: sum("todo"),
  };
}

/** In the shape of node:test's own closing lines. */
export function closingLines(counts: Counts, durationMs: number): string {
  return Object.entries({ ...counts, duration_ms: durationMs })
    .map(([name, value]) => `ℹ ${name} ${value}\n`)
    .join("");
}

/** What happened both times to each file that ran twice. */
export function repeatLines(
  first: ReadonlyMap<string, FileResult>,
  second: ReadonlyMap<string, FileResult>,
): readonly string[] {
  return [...second].map(([path, result]) => {
    const before = wrongWith(first.get(path) ?? NONE).join("; ");
    const again = wrongWith(result).join("; ");
    return again === ""
      ? `flaky: ${path} failed (${before}) and passed when it ran again, alone`
      : `failed: ${path} failed (${before}) and failed when it ran again, alone (${again})`;
  });
}
