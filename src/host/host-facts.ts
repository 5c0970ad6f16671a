// What host this is and who we are on it, read without a fork. On a sick host any of these may fail: absent is absent.
import { readFileSync, readlinkSync } from "node:fs";
import { arch, availableParallelism, hostname, loadavg, release, totalmem, type, userInfo } from "node:os";
import { readBootId, readBootSeconds } from "./process-identity.ts";

export interface HostFacts {
  readonly hostname: string;
  readonly os: string;
  readonly kernel: string;
  readonly architecture: string;
  readonly bootId: string;
  readonly bootedAt?: string;
  readonly machineId?: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly timezone: string;
  readonly loadAverage: number[];
  readonly ptraceScope?: string;
}

function firstLine(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").split("\n")[0]?.trim() || undefined;
  } catch {
    return undefined;
  }
}

export function readHostFacts(): HostFacts {
  const bootSeconds = readBootSeconds();
  const machineId = firstLine("/etc/machine-id");
  const ptraceScope = firstLine("/proc/sys/kernel/yama/ptrace_scope");
  return {
    hostname: hostname(),
    os: type(),
    kernel: release(),
    architecture: arch(),
    bootId: readBootId(),
    ...(bootSeconds === undefined ? {} : { bootedAt: new Date(bootSeconds * 1000).toISOString() }),
    ...(machineId === undefined ? {} : { machineId }),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    timezone: readTimezone(),
    loadAverage: loadavg(),
    ...(ptraceScope === undefined ? {} : { ptraceScope }),
  };
}

export interface OperatorFacts {
  readonly user: string;
  readonly uid?: number;
  readonly sudoUser?: string;
  readonly host: string;
}

/** Who asks: the account, and the person behind sudo(8) when it says. */
export function readOperator(): OperatorFacts {
  const uid = process.getuid?.();
  const sudoUser = process.env.SUDO_USER;
  return {
    user: userName(uid),
    ...(uid === undefined ? {} : { uid }),
    ...(sudoUser === undefined ? {} : { sudoUser }),
    host: hostname(),
  };
}

function userName(uid: number | undefined): string {
  try {
    return userInfo().username;
  } catch {
    // No entry for this uid in the user database: containers.
    return String(uid ?? "unknown");
  }
}

/** TZ, else the name behind /etc/localtime (localtime(5)); Intl would cost ten times as much. */
function readTimezone(): string {
  if (process.env.TZ) return process.env.TZ;
  try {
    return readlinkSync("/etc/localtime").replace(/^.*zoneinfo\//, "");
  } catch {
    return "UTC";
  }
}
