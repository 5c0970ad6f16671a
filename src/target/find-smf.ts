// The process of an SMF instance on illumos: the contract of the instance, then the processes of the contract
// (svcs(1) -o ctid, pgrep(1) -c).
import { TargetError, UsageError, messageOf } from "../errors.ts";
import { printable } from "../printable.ts";
import { parsePsinfo } from "../parsers/psinfo.ts";
import { attempt } from "./executable.ts";
import { hold, holdIfThere, type FoundTarget, type TargetHost } from "./found.ts";

/** smf(7): `svc:/manta/application/muskie:7`. */
const FMRI = /^svc:\/[A-Za-z0-9/_.,:-]{1,250}$/;
const USE_PID = "name the process itself: --pid PID";

/** Whether what was typed names an SMF instance. */
export function isFmri(text: string): boolean {
  return text.startsWith("svc:/");
}

/** Throws a TargetError on a host without SMF, for an unknown instance, and for one without processes. */
export async function findSmf(fmri: string, host: TargetHost): Promise<FoundTarget> {
  if (!FMRI.test(fmri))
    throw new UsageError(`not an FMRI: ${printable(fmri)}`, {
      hint: "for example svc:/manta/application/muskie:7",
    });
  if (host.platform !== "illumos")
    throw new TargetError(`cannot look up ${fmri}: SMF is a part of illumos, and this host runs Linux`, {
      hint: `name a systemd unit, or ${USE_PID}`,
    });
  const contract = (await output(["svcs", "-Ho", "ctid", fmri], fmri, host)).trim();
  if (!/^\d+$/.test(contract))
    throw new TargetError(`${fmri} has no process contract: nothing runs in it`, { hint: USE_PID });
  const pids = parsePids(await output(["pgrep", "-c", contract], fmri, host));
  const pid = biggest(pids);
  if (pid === undefined)
    throw new TargetError(`no process runs in contract ${contract} of ${fmri}`, { hint: USE_PID });
  return hold({ kind: "smf", asked: fmri, service: fmri, pid, siblings: pids });
}

async function output(argv: readonly [string, ...string[]], fmri: string, host: TargetHost): Promise<string> {
  const result = await host.run(argv).catch((error: unknown) => {
    throw new TargetError(`cannot look up ${fmri}: ${messageOf(error)}`, { cause: error, hint: USE_PID });
  });
  // pgrep: 1 means that nothing matched.
  if (result.exitCode === 0 || (argv[0] === "pgrep" && result.exitCode === 1)) return result.stdout;
  const said =
    printable(result.stderr.trim().split("\n")[0] ?? "") || `exit status ${result.exitCode ?? "unknown"}`;
  throw new TargetError(`cannot look up ${fmri}: ${argv[0]}: ${said}`, { hint: USE_PID });
}

function parsePids(text: string): readonly number[] {
  return text.split("\n").flatMap((line) => (/^\d{1,9}$/.test(line.trim()) ? [Number(line)] : []));
}

/** By memory; a process whose size cannot be read comes last. */
function biggest(pids: readonly number[]): number | undefined {
  const sized = pids.map((pid) => ({ pid, bytes: residentBytes(pid) ?? 0 }));
  return sized.toSorted((a, b) => b.bytes - a.bytes || a.pid - b.pid)[0]?.pid;
}

function residentBytes(pid: number): number | undefined {
  const held = holdIfThere(pid);
  if (held === undefined) return undefined;
  try {
    return attempt(() => parsePsinfo(held.readSync("psinfo"), pid)?.residentBytes);
  } finally {
    held.close();
  }
}
