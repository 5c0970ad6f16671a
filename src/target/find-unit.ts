// The process of a systemd unit: its main process, else the biggest of its control group.
import { existsSync } from "node:fs";
import { TargetError, UsageError, messageOf } from "../errors.ts";
import { readHostSync } from "../host/host-files.ts";
import { UNIT_PROPERTIES, parseSystemctlShow, type UnitState } from "../parsers/systemctl-show.ts";
import { parseCgroupFile } from "../parsers/cgroup-file.ts";
import { parseProcStatus } from "../parsers/proc-status.ts";
import { printable } from "../printable.ts";
import { processesOfGroup } from "./cgroup-processes.ts";
import { attempt } from "./executable.ts";
import { hold, type FoundTarget, type TargetHost } from "./found.ts";

/** sd_booted(3): systemd is the init of this host when this folder is there. */
const BOOTED = "/run/systemd/system";
const USE_PID = "name the process itself: --pid PID";
/** systemd.unit(5): the characters of a unit's name; patterns are refused, as they may mean several units. */
const UNIT_NAME = /^[A-Za-z0-9:_.\\@-]{1,255}$/;
const UNIT_TYPE = /\.(?:service|scope|socket|target|mount|automount|swap|path|timer|slice|device)$/;

/** Throws a TargetError that says what is missing when there is no such unit, or no process in it. */
export async function findUnit(asked: string, host: TargetHost): Promise<FoundTarget> {
  if (!UNIT_NAME.test(asked))
    throw new UsageError(`not the name of a unit: ${printable(asked)}`, {
      hint: "for example muskie@7.service",
    });
  const name = UNIT_TYPE.test(asked) ? asked : `${asked}.service`;
  if (!existsSync(BOOTED))
    throw new TargetError(`cannot look up ${name}: systemd is not running on this host`, { hint: USE_PID });

  const unit = await show(name, host);
  if (unit.loadState !== "loaded" && unit.loadState !== "masked")
    throw new TargetError(`there is no unit ${unit.id} on this host (${printable(unit.loadState)})`, {
      hint: `systemctl list-units lists those there are; or ${USE_PID}`,
    });
  const members = unit.controlGroup === undefined ? [] : processesOfGroup(unit.controlGroup);
  const pid = unit.mainPid ?? biggest(members);
  if (pid === undefined)
    throw new TargetError(`${unit.id} is ${printable(unit.activeState)}: no process runs in it`, {
      hint: USE_PID,
    });

  const found = hold({ kind: "systemd", asked, service: unit.id, pid, siblings: members });
  try {
    await confirm(found, unit, host);
    return found;
  } catch (error) {
    found.held.close();
    throw error;
  }
}

async function show(name: string, host: TargetHost): Promise<UnitState> {
  const result = await host
    .run(["systemctl", "show", "--no-pager", "-p", UNIT_PROPERTIES, "--", name])
    .catch((error: unknown) => {
      throw new TargetError(`cannot look up ${name}: ${messageOf(error)}`, { cause: error, hint: USE_PID });
    });
  const unit = result.exitCode === 0 ? parseSystemctlShow(result.stdout) : undefined;
  if (unit !== undefined) return unit;
  const said =
    printable(result.stderr.trim().split("\n")[0] ?? "") || `exit status ${result.exitCode ?? "unknown"}`;
  throw new TargetError(`cannot look up ${name}: systemctl: ${said}`, { hint: USE_PID });
}

/** The unit may have been restarted between systemd's answer and our opening of the pid, which then can be anyone's. */
async function confirm(found: FoundTarget, unit: UnitState, host: TargetHost): Promise<void> {
  const group = unit.controlGroup;
  const { paths } = parseCgroupFile(attempt(() => found.held.readSync("cgroup").toString("latin1")) ?? "");
  if (group !== undefined && paths.some((path) => path === group || path.startsWith(`${group}/`))) return;
  // A main process outside the unit's group is rare but allowed (systemd.service(5), PIDFile=).
  const now = await show(unit.id, host);
  if (now.mainPid === found.held.pid && now.invocationId === unit.invocationId) return;
  throw new TargetError(`${unit.id} was restarted while it was looked up`, { hint: "try again" });
}

/** The process with the most memory; undefined when none is left. */
function biggest(pids: readonly number[]): number | undefined {
  const sized = pids.flatMap((pid) => {
    const status = attempt(() => readHostSync(`/proc/${pid}/status`).toString("latin1"));
    return status === undefined ? [] : [{ pid, bytes: parseProcStatus(status).residentBytes ?? 0 }];
  });
  return sized.toSorted((a, b) => b.bytes - a.bytes || a.pid - b.pid)[0]?.pid;
}
