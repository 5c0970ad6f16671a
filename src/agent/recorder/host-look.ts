// What the recorder keeps of the host: load, CPU time, free memory, pressure. What a kernel does not have is absent.
import { readHostSync } from "../../host/host-files.ts";
import { parsePressure } from "../../parsers/proc-pressure.ts";
import { TICKS_PER_SECOND } from "../../parsers/proc-stat.ts";

const LIMIT_BYTES = 8192;

function read(path: string): string {
  try {
    return readHostSync(path, LIMIT_BYTES).toString("latin1");
  } catch {
    return "";
  }
}

function ms(ticks: number): number {
  return ticks * (1000 / TICKS_PER_SECOND);
}

/** The share of the last 10 s in which something waited, in percent. */
function stalled(name: string): number | undefined {
  return parsePressure(read(`/proc/pressure/${name}`)).some?.avg10;
}

/** Total CPU milliseconds since boot, by what they were spent on (proc(5), /proc/stat). */
function cpuOf(stat: string): Record<string, number> | undefined {
  const numbers = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.split(" ").map(Number);
  const [user, nice, system, idle, iowait, , , steal] = numbers ?? [];
  if (user === undefined || nice === undefined || system === undefined || idle === undefined)
    return undefined;
  return {
    busyMs: ms(user + nice + system),
    idleMs: ms(idle),
    ...(iowait === undefined ? {} : { waitMs: ms(iowait) }),
    ...(steal === undefined ? {} : { stolenMs: ms(steal) }),
  };
}

export function lookAtHost(): Record<string, unknown> {
  const load = /^(\d+\.\d+)/.exec(read("/proc/loadavg"))?.[1];
  const available = /^MemAvailable: +(\d+) kB$/m.exec(read("/proc/meminfo"))?.[1];
  return {
    kind: "host",
    load: load === undefined ? undefined : Number(load),
    cpu: cpuOf(read("/proc/stat")),
    availableBytes: available === undefined ? undefined : Number(available) * 1024,
    pressure: { cpu: stalled("cpu"), memory: stalled("memory"), io: stalled("io") },
  };
}
