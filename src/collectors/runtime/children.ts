// The Node processes that a Node process has started. Workers of a cluster and what child_process.fork() starts are processes of
// their own, with an event loop and a heap of their own: what one does is not seen in its parent.
import { answerTo } from "../attempts.ts";
import type { CollectorContext } from "../collector.ts";

export interface NodeChild {
  readonly pid: number;
  /** `cluster` by NODE_UNIQUE_ID, `fork` by NODE_CHANNEL_FD in its environment; `other` runs the same program. */
  readonly kind: "cluster" | "fork" | "other";
}

const MOST_CHILDREN = 256;
const LISTING_BYTES = 64 * 1024;
const ENVIRONMENT_BYTES = 1024 ** 2;
const MOST_NAMED = 20;

type Context = Pick<CollectorContext<unknown>, "process" | "host" | "gap">;

/** Those that are alive now; undefined where the kernel does not list them (CONFIG_PROC_CHILDREN). */
export async function nodeChildren({
  process,
  host,
  gap,
}: Context): Promise<readonly NodeChild[] | undefined> {
  const tasks = await answerTo(process.list("task"));
  const own = await answerTo(process.link("exe"));
  if (!("value" in tasks) || !("value" in own)) return undefined;
  const pids: number[] = [];
  let isListed = false;
  // A child of any thread is a child of the process.
  for (const task of tasks.value) {
    const listing = await answerTo(process.read(`task/${task}/children`, LISTING_BYTES));
    if (!("value" in listing)) continue;
    isListed = true;
    pids.push(...(listing.value.toString("latin1").match(/\d+/g) ?? []).map(Number));
  }
  if (!isListed) {
    gap("whether it has child processes cannot be told: this kernel does not list them");
    return undefined;
  }
  const children: NodeChild[] = [];
  for (const pid of pids.slice(0, MOST_CHILDREN)) {
    const program = await answerTo(host.link(`/proc/${pid}/exe`));
    if (!("value" in program) || !program.value.equals(own.value)) continue;
    const environment = await answerTo(host.read(`/proc/${pid}/environ`, ENVIRONMENT_BYTES));
    // Names alone are looked for, and nothing of it is kept.
    const text = "value" in environment ? `\0${environment.value.toString("latin1")}` : "";
    const kind = text.includes("\0NODE_UNIQUE_ID=")
      ? "cluster"
      : text.includes("\0NODE_CHANNEL_FD=")
        ? "fork"
        : "other";
    children.push({ pid, kind });
  }
  return children;
}

/** Says which were not looked into, and how they are. */
export function tellChildren({ gap }: Context, children: readonly NodeChild[]): void {
  const words = {
    cluster: "workers of its cluster",
    fork: "processes that it forked",
    other: "children",
  } as const;
  for (const kind of ["cluster", "fork", "other"] as const) {
    const pids = children.filter((child) => child.kind === kind).map(({ pid }) => pid);
    if (pids.length === 0) continue;
    const named = pids.slice(0, MOST_NAMED).join(", ");
    const more = pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : "";
    gap(
      `not looked into: ${words[kind]}, Node processes of their own, pid ${named}${more}; each by: exhibit capture --pid PID`,
    );
  }
}
