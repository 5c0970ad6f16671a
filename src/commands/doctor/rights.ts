// What the kernel would let us do to other people's processes (ptrace(2), "Ptrace access mode checking"; capabilities(7)).
import { readFile } from "node:fs/promises";
import { errnoOf } from "../../errors.ts";
import { parseProcStatus } from "../../parsers/proc-status.ts";
import { failed, ok, skipped, warning, type Check } from "./check.ts";

/** Bit numbers of linux/capability.h. */
const CAPABILITIES = { CAP_DAC_READ_SEARCH: 2, CAP_SYS_PTRACE: 19 };
/** What an ordinary user may do about it. */
export const AS_ROOT = "run exhibit as root (sudo exhibit ...)";

function missingOf(effective: string | undefined): readonly string[] {
  if (effective === undefined) return Object.keys(CAPABILITIES);
  const bits = BigInt(`0x${effective}`);
  return Object.entries(CAPABILITIES).flatMap(([name, bit]) => ((bits >> BigInt(bit)) & 1n ? [] : [name]));
}

/** Our capabilities, and whether Yama forbids what they allow. */
export async function checkRights(uid: number | undefined): Promise<readonly Check[]> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => undefined);
  if (status === undefined) return [failed("rights", "/proc is not mounted", "mount -t proc proc /proc")];
  const missing = missingOf(parseProcStatus(status).effectiveCapabilities);
  const who = `uid ${uid ?? "unknown"}`;
  const rights =
    missing.length === 0
      ? ok("rights", `${who} with ${Object.keys(CAPABILITIES).join(", ")}`)
      : warning(
          "rights",
          `${who} without ${missing.join(", ")}: only processes of your own`,
          rightsFix(uid, missing),
        );
  return [rights, await checkYama(missing.includes("CAP_SYS_PTRACE"))];
}

function rightsFix(uid: number | undefined, missing: readonly string[]): string {
  return uid === 0 ? `give the container or service ${missing.join(" and ")}` : AS_ROOT;
}

/** Documentation/admin-guide/LSM/Yama.rst: 0 as usual, 1 only descendants, 2 only with CAP_SYS_PTRACE, 3 nobody. */
async function checkYama(withoutPtrace: boolean): Promise<Check> {
  const name = "ptrace_scope";
  const scope = (await readFile("/proc/sys/kernel/yama/ptrace_scope", "utf8").catch(() => ""))?.trim();
  if (scope === "") return ok(name, "no Yama on this kernel");
  if (scope === "3")
    return warning(name, "3: nobody may attach to a process", "set kernel.yama.ptrace_scope=1 and reboot");
  if (scope === "0" || !withoutPtrace) return ok(name, scope);
  return warning(name, `${scope}: without CAP_SYS_PTRACE no stacks and no core`, AS_ROOT);
}

/** Whether kernel stacks can be read (proc(5), /proc/pid/stack: root only). */
export async function checkKernelStack(uid: number | undefined): Promise<Check> {
  const name = "kernel stacks";
  try {
    await readFile("/proc/self/stack");
    return ok(name, "/proc/PID/stack can be read");
  } catch (error) {
    const code = errnoOf(error) ?? "unknown";
    if (code === "ENOENT") return skipped(name, "this kernel keeps none (CONFIG_STACKTRACE)");
    return warning(
      name,
      `/proc/PID/stack: ${code}`,
      uid === 0 ? "give the container or service CAP_SYS_ADMIN" : AS_ROOT,
    );
  }
}
