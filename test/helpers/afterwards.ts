// What must be true after any capture, however it went: every bundle verifies, nothing of ours runs, nothing half-made lies
// in the spool, and nobody is left stopped.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Sandbox } from "./exhibit.ts";
import { until } from "./until.ts";

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Processes that captures of this sandbox started: collectors' commands by their mark, guardians by their lock unless left out. */
export function processesOf(box: Sandbox, which: "all" | "commands" = "all"): readonly string[] {
  const marks = box.ids().map((id) => `EXHIBIT_RUN=${id}`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const environment = read(`/proc/${pid}/environ`);
      if (marks.some((mark) => environment.includes(mark))) return true;
      if (which === "commands") return false;
      const words = read(`/proc/${pid}/cmdline`).split("\0");
      return words.includes("exhibit-guardian") && words.some((word) => word.startsWith(box.spool));
    })
    .map((pid) => `${pid}: ${read(`/proc/${pid}/cmdline`).slice(0, 200)}`);
}

/** What lies in the spool besides bundles, their receipts, how far their uploads have come, and the folder of locks. */
export function leftInSpool(box: Sandbox): readonly string[] {
  const ids = box.ids();
  const known = new Set([
    ".locks",
    ...ids,
    ...ids.flatMap((id) => [`${id}.receipt.json`, `${id}.upload.jsonl`]),
  ]);
  return existsSync(box.spool) ? readdirSync(box.spool).filter((name) => !known.has(name)) : [];
}

/** A sealed bundle does not change: each is verified once. */
const verified = new Set<string>();

export async function assertCleanAfterwards(box: Sandbox): Promise<void> {
  for (const id of box.ids().filter((one) => !verified.has(one))) {
    const { status, stdout, stderr } = box.run(["verify", id]);
    assert.equal(status, 0, `${id}: ${stdout}${stderr}`);
    verified.add(id);
  }
  await until(() => processesOf(box).length === 0, 30_000, `still running: ${processesOf(box).join("; ")}`);
  assert.deepEqual(leftInSpool(box), []);
}
