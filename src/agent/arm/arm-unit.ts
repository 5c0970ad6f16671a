// Arming: the file that says so, the script, and a drop-in below /run that runs it; disarming takes drop-in and file away.
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, ExhibitError, TargetError, UsageError } from "../../errors.ts";
import { makeFolder, writeFileDurable } from "../../host/files.ts";
import { runQuick } from "../../host/run.ts";
import { parseTimespanMs } from "../../parsers/timespan.ts";
import { parseUnitCommands } from "../../parsers/unit-commands.ts";
import { printable } from "../../printable.ts";
import { ARM_FOLDER, listArmedUnits, removeArmedUnit, writeArmedUnit, type ArmedUnit } from "./armed-unit.ts";
import { beforeStopDropIn, beforeStopScript } from "./before-stop.ts";

/** systemd.unit(5); a name, never a path. */
const SERVICE = /^[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,246}$/;
/** What a capture needs at the least, and what is left for the unit's own stop. */
const LEAST_BUDGET_MS = 1000;
const RESERVE_MS = 2000;

export interface ArmRequest {
  readonly forMs: number;
  readonly budgetMs: number;
  readonly profile?: string;
  readonly reason?: string;
  readonly incidents: readonly string[];
  /** The settings file that its captures use. */
  readonly config: string | undefined;
}

/** `muskie@7` is `muskie@7.service`; throws UsageError for what cannot be armed. */
export function serviceName(asked: string): string {
  const name = /\.[a-z]+$/.test(asked) && !asked.endsWith(".service") ? undefined : asked;
  if (name === undefined || !SERVICE.test(name))
    throw new UsageError(`${printable(asked)}: only services can be armed`, {
      hint: "for example: exhibit arm muskie@7 --for 6h",
    });
  return name.endsWith(".service") ? name : `${name}.service`;
}

function dropInPath(unit: string): string {
  return join("/run/systemd/system", `${unit}.d`, "zz-exhibit-arm.conf");
}

/**
 * Arms a service, or arms it anew. Throws TargetError when there is no such unit, UsageError when its stop timeout leaves no
 * time for a capture.
 */
export async function armUnit(asked: string, request: ArmRequest): Promise<ArmedUnit> {
  const { unit, stopMs } = await lookAt(serviceName(asked));
  const budgetMs = Math.floor(Math.min(request.budgetMs, stopMs - RESERVE_MS));
  if (budgetMs < LEAST_BUDGET_MS)
    throw new UsageError(`${unit} is given ${stopMs / 1000} s to stop: too little for a capture`, {
      hint: `a TimeoutStopSec= of ${(LEAST_BUDGET_MS + RESERVE_MS) / 1000}s or more is needed`,
    });
  const path = dropInPath(unit);
  const cat = await systemctl(["cat", "--no-pager", "--", unit]);
  const own = parseUnitCommands(cat, "ExecStop", path);
  const { forMs, config, ...what } = request;
  const armed: ArmedUnit = {
    ...what,
    incidents: [...what.incidents],
    unit,
    untilAt: new Date(Date.now() + forMs).toISOString(),
    budgetMs,
  };
  await asRoot(async () => {
    await makeFolder(ARM_FOLDER);
    await writeFileDurable(join(ARM_FOLDER, "before-stop"), beforeStopScript(config));
    await writeArmedUnit(armed);
    await makeFolder(join("/run/systemd/system", `${unit}.d`));
    await writeFileDurable(path, beforeStopDropIn(own));
    // Units are read by everybody who asks systemctl about them.
    await chmod(join("/run/systemd/system", `${unit}.d`), 0o755);
    await chmod(path, 0o644);
  });
  try {
    await systemctl(["daemon-reload"]);
  } catch (error) {
    await disarmUnit(unit).catch(() => undefined);
    throw error;
  }
  return armed;
}

/** False when it was not armed. */
export async function disarmUnit(asked: string): Promise<boolean> {
  const unit = serviceName(asked);
  const was = await asRoot(async () => {
    const hadMarker = await removeArmedUnit(unit);
    await rm(join("/run/systemd/system", `${unit}.d`, "zz-exhibit-arm.conf"), { force: true });
    return hadMarker;
  });
  if (was) await systemctl(["daemon-reload"]);
  return was;
}

/** Takes away what is armed no longer; the units that were. */
export async function disarmExpired(nowMs = Date.now()): Promise<readonly string[]> {
  const expired = (await listArmedUnits()).filter(({ untilAt }) => Date.parse(untilAt) <= nowMs);
  for (const { unit } of expired) await disarmUnit(unit);
  return expired.map(({ unit }) => unit);
}

async function lookAt(name: string): Promise<{ readonly unit: string; readonly stopMs: number }> {
  const text = await systemctl(["show", "--no-pager", "-p", "Id,LoadState,TimeoutStopUSec", "--", name]);
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "";
  const state = value("LoadState");
  if (state !== "loaded")
    throw new TargetError(`there is no unit ${name} on this host (${printable(state)})`, {
      hint: "systemctl list-units --type=service lists those there are",
    });
  return { unit: serviceName(value("Id")), stopMs: parseTimespanMs(value("TimeoutStopUSec")) ?? 0 };
}

async function systemctl(words: readonly string[]): Promise<string> {
  const result = await runQuick(["systemctl", ...words], { timeoutMs: 10_000 });
  if (result.exitCode === 0) return result.stdout;
  const said = printable(result.stderr.trim().split("\n")[0] ?? "");
  throw new ExhibitError(`systemctl ${words[0]}: ${said || `exit status ${result.exitCode ?? "unknown"}`}`);
}

async function asRoot<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EACCES" || errno === "EPERM")
      throw new ExhibitError("units are armed below /run, which only root may write", {
        cause: error,
        hint: "run it as root",
      });
    throw error;
  }
}
