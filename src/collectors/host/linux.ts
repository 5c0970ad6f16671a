// The Linux half of the host collector: the kernel's tables and the target's cgroup, raw at both ends of the window and
// as numbers once a period.
import { answerTo } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";
import { findCgroupSources } from "./cgroup-sources.ts";
import { sampleOf, summaryOf } from "./sample.ts";
import type { HostState, Source } from "./state.ts";

const HOST_SOURCES: readonly Source[] = [
  "stat",
  "meminfo",
  "loadavg",
  "vmstat",
  "diskstats",
  "pressure/cpu",
  "pressure/memory",
  "pressure/io",
].map((name) => ({ key: name.replace("/", "-"), path: `/proc/${name}` }));

/**
 * Errnos that say that this host does not have the file: it is not built in, or switched off (EOPNOTSUPP: the pressure
 * files with psi=0; ENODEV: the group is being removed).
 */
const ABSENCE: readonly string[] = ["ENOENT", "ENOTDIR", "EOPNOTSUPP", "ENOTSUP", "ENODEV"];

/** Samples until the window is over; what cannot be read on this host is told in summary.json as absent. */
export async function sampleLinuxHost(
  context: CollectorContext<{ readonly periodMs: number }>,
): Promise<readonly Reading[]> {
  const cgroup = await findCgroupSources(context);
  const sources = [...HOST_SOURCES, ...cgroup.sources];
  const samples = await context.lines("samples.jsonl");
  context.method("proc");

  let first: HostState | undefined;
  let last: HostState | undefined;
  let count = 0;
  for await (const tick of context.ticks(context.options.periodMs)) {
    const texts = await readAll(context, sources);
    last = { name: first === undefined ? "first" : "last", tick, ...texts };
    if (first === undefined) {
      first = last;
      await saveRaw(context, first);
    }
    await samples.write(sampleOf(last));
    count++;
  }
  if (first === undefined || last === undefined) {
    context.gap("the time was up before the first sample");
    return [];
  }
  if (last === first) context.gap("there was time for one sample only, so nothing is known of what changed");
  else await saveRaw(context, last);

  const absent = [...first.errors].filter(([, errno]) => ABSENCE.includes(errno)).map(([key]) => key);
  for (const [key, errno] of [...first.errors, ...last.errors])
    if (!absent.includes(key)) context.gap(`${key} could not be read: ${errno}`);
  await context.saveJson("summary.json", {
    samples: count,
    ...summaryOf(first, last),
    cgroupFolders: cgroup.folders,
    absent,
  });
  return [];
}

async function readAll(
  { host }: CollectorContext<unknown>,
  sources: readonly Source[],
): Promise<Pick<HostState, "texts" | "errors">> {
  const texts = new Map<string, string>();
  const errors = new Map<string, string>();
  const results = await Promise.all(sources.map(({ path }) => answerTo(host.read(path))));
  for (const [index, { key }] of sources.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    if ("value" in result) texts.set(key, result.value.toString("utf8"));
    else errors.set(key, result.errno);
  }
  return { texts, errors };
}

async function saveRaw(context: CollectorContext<unknown>, state: HostState): Promise<void> {
  for (const [key, text] of state.texts) await context.save(`${state.name}-${key}.txt`, text);
}
