// The commands that evidence comes from: those that collectors say they need, and those that make it better.
import type { Collector, Platform } from "../../collectors/collector.ts";
import { hasCommand } from "../../host/commands-on-path.ts";
import type { OsFamily } from "../../parsers/os-release.ts";
import { ok, skipped, warning, type Check } from "./check.ts";
import { installLine } from "./packages.ts";

/** What is lost without each; on Linux. */
const HELPERS: Readonly<Record<string, string>> = {
  flock: "two captures of one process could overlap",
  nsenter: "no TCP details of targets in a network namespace of their own",
  ss: "no TCP details (retransmits, timers) beside /proc/net",
  "eu-stack": "no user stacks",
  gdb: "no core by gdb",
  zstd: "cores are packed by gzip: slower and larger",
  journalctl: "no journal; only files that the target holds open",
};

/** What runtimes are asked with: most hosts have no use for most of them, so that none is a warning. */
const RUNTIME_TOOLS: Readonly<Record<string, string>> = {
  curl: "goroutines and pauses of Go programs, by their own pprof",
  jstat: "the share of garbage collection of a JVM",
  jcmd: "the threads, deadlocks and heap of a JVM",
  psql: "the sessions and locks of PostgreSQL",
  "py-spy": "the stacks of Python programs in their own functions",
};

/** One line a collector: whether it would work here. */
export async function checkCollectors(
  collectors: Iterable<Collector>,
  platform: Platform,
  family: OsFamily | undefined,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const { name, tool, platforms } of collectors) {
    const support = platforms[platform];
    const missing: string[] = [];
    for (const command of support?.needs ?? []) if (!(await hasCommand(command))) missing.push(command);
    const title = `collector ${name} (${tool})`;
    if (!support) checks.push(skipped(title, `not on ${platform}`));
    else if (missing.length === 0) checks.push(ok(title, support.needs.join(", ") || "needs nothing"));
    else {
      const lines = [...new Set(missing.map((command) => installLine(command, family)))];
      checks.push(warning(title, `${missing.join(", ")} not found`, lines.join("; ")));
    }
  }
  return checks;
}

/** One line for each helper that is missing, or one that all are there. */
export async function checkHelpers(
  platform: Platform,
  family: OsFamily | undefined,
): Promise<readonly Check[]> {
  if (platform !== "linux") return [];
  const checks: Check[] = [];
  for (const [command, loss] of Object.entries(HELPERS)) {
    const title = `command ${command}`;
    const found = await hasCommand(command);
    checks.push(
      found ? ok(title, "found") : warning(title, `not found: ${loss}`, installLine(command, family)),
    );
  }
  for (const [command, gives] of Object.entries(RUNTIME_TOOLS)) {
    const title = `command ${command}`;
    const found = await hasCommand(command);
    checks.push(
      found
        ? ok(title, `found: ${gives}`)
        : skipped(title, `not found; it gives ${gives}: ${installLine(command, family)}`),
    );
  }
  return checks;
}
