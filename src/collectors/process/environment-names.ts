// The names of the target's environment. The values are secrets often enough that they are never kept, and a process may
// have written anything over that memory (setproctitle), so only what looks like a name is.
import { tryRead } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

const LIMIT_BYTES = 1024 ** 2;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;

/** Saves environment-names.txt: one name a line, as the process was started. */
export async function saveEnvironmentNames({ process, gap, save }: CollectorContext<unknown>): Promise<void> {
  const bytes = await tryRead(gap, { what: "environ", read: () => process.read("environ", LIMIT_BYTES) });
  if (bytes === undefined) return;
  const entries = bytes.toString("latin1").split("\0");
  // What was cut at the limit, and what has no `=`, may be a part of a value.
  if (bytes.length >= LIMIT_BYTES) {
    entries.pop();
    gap(`environ is longer than ${LIMIT_BYTES} bytes: the names after that are left out`);
  }
  const names = entries.flatMap((entry) => {
    const equals = entry.indexOf("=");
    return equals > 0 && NAME.test(entry.slice(0, equals)) ? [entry.slice(0, equals)] : [];
  });
  await save("environment-names.txt", names.map((name) => `${name}\n`).join(""));
}
