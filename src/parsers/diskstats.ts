// /proc/diskstats (Documentation/admin-guide/iostats.rst): counters since boot; a sector is 512 bytes on every disk.

export interface DiskCounters {
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly inFlight: number;
  /** Time in which at least one request was under way. */
  readonly busyMs: number;
}

/** By name; disks that never did anything are left out. */
export function parseDiskstats(text: string): ReadonlyMap<string, DiskCounters> {
  const disks = new Map<string, DiskCounters>();
  for (const line of text.split("\n")) {
    const [, , name, ...columns] = line.trim().split(/\s+/);
    const [reads, , readSectors, , writes, , writtenSectors, , inFlight, busyMs] = columns.map(Number);
    const counts = [reads, readSectors, writes, writtenSectors, inFlight, busyMs];
    if (name === undefined || !counts.every(Number.isSafeInteger)) continue;
    const disk = {
      reads: reads ?? 0,
      readBytes: (readSectors ?? 0) * 512,
      writes: writes ?? 0,
      writtenBytes: (writtenSectors ?? 0) * 512,
      inFlight: inFlight ?? 0,
      busyMs: busyMs ?? 0,
    };
    if (disk.reads + disk.writes + disk.inFlight > 0) disks.set(name, disk);
  }
  return disks;
}
