// ptree, pargs, ps and svcs: none of them stops the target (proc(1), WARNINGS; pargs opens it read-only). plimit does, so
// it is left to pfiles to say the limit of descriptors. `pargs -e` would save every value of the environment as raw
// output, so it is never run.
import { parsePargs } from "../../parsers/pargs.ts";
import { parsePsRow } from "../../parsers/ps-row.ts";
import { parsePtree } from "../../parsers/ptree.ts";
import { parseSvcsList } from "../../parsers/svcs-list.ts";
import { printable } from "../../printable.ts";
import { tryRun } from "../attempts.ts";
import type { CollectorContext, Reading } from "../collector.ts";

const PS_COLUMNS = ["pid", "ppid", "zone", "ctid", "s", "nlwp", "vsz", "rss", "etime"];

/** Saves what the proc tools say of the target; every one of them may be missing. */
export async function collectIllumosProcess(context: CollectorContext<unknown>): Promise<readonly Reading[]> {
  const { target, saveJson } = context;
  const pid = String(target.pid);
  // ptree cuts lines at 80 columns when its output is no terminal; older ones know no -w, but all read COLUMNS.
  const ptree = await tryRun(context, ["env", "COLUMNS=10000", "ptree", "-c", pid], { as: "ptree.txt" });
  const ps = await tryRun(context, ["ps", "-o", PS_COLUMNS.join(","), "-p", pid], { as: "ps.txt" });
  const pargs = await tryRun(context, ["pargs", "-l", pid], { as: "pargs.txt" });
  const zone = await tryRun(context, ["zonename"], { as: "zonename.txt" });
  const svcs =
    target.service === undefined
      ? undefined
      : await tryRun(context, ["svcs", "-lp", target.service], { as: "svcs.txt" });

  const row = ps === undefined ? undefined : parsePsRow(ps.stdout, PS_COLUMNS);
  const service = svcs === undefined ? undefined : parseSvcsList(svcs.stdout);
  if (ptree !== undefined) await saveJson("tree.json", parsePtree(ptree.stdout));
  await saveJson("process.json", {
    pid: target.pid,
    captureZone: zone?.stdout.trim(),
    ...Object.fromEntries(row?.values ?? []),
    arguments: pargs === undefined ? undefined : parsePargs(pargs.stdout),
    service,
  });
  return serviceState(service);
}

/** Only what SMF itself calls out of order. */
function serviceState(service: ReturnType<typeof parseSvcsList> | undefined): readonly Reading[] {
  const { fmri, state, stateLine } = service ?? {};
  if (state === undefined || stateLine === undefined || state === "online" || state === "legacy_run")
    return [];
  const text = `SMF says that ${printable(fmri ?? "the service")} is in state ${printable(state)}.`;
  return [{ id: "service-state", text, value: 1, unit: "count", line: stateLine, file: "svcs.txt" }];
}
