// The processes of this host, as far as /proc shows them to us. Those that end while we look are left out.
import { listHostSync, readHostSync } from "../host/host-files.ts";
import { attempt } from "./executable.ts";

/** All process ids, in no order. */
export function processIds(): readonly number[] {
  return listHostSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** A file of each process, for those where it can be read. */
export function readOfEach(name: string, limitBytes: number): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (const pid of processIds()) {
    const bytes = attempt(() => readHostSync(`/proc/${pid}/${name}`, limitBytes));
    if (bytes !== undefined) found.set(pid, bytes);
  }
  return found;
}
