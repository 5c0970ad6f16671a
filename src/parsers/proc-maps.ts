// The areas of a process's memory, as /proc/PID/maps and /proc/PID/smaps list them (proc_pid_maps(5), proc_pid_smaps(5)). A
// Node process of 4 GB has 16,000 of them and 10 MB of smaps, so lines are taken apart by hand and one at a time. Areas are
// made by literals, not by spreading: V8 gives every object of two spreads a hidden class of its own, which is larger than it.

/** What the VmFlags of smaps say of an area; `maps` alone does not know. */
export interface AreaFlags {
  /** `dd`, MADV_DONTDUMP. */
  readonly dontDump: boolean;
  /** `io` or `pf`: the memory of a device. */
  readonly device: boolean;
  /** `ht`: pages of hugetlbfs. */
  readonly huge: boolean;
  /** `wf`, MADV_WIPEONFORK: zeros in a copy. */
  readonly wipeOnFork: boolean;
  /** `dc`, MADV_DONTFORK: missing in a copy. */
  readonly dontFork: boolean;
}

export interface Area {
  readonly start: number;
  readonly end: number;
  /** `rwxp` or `rwxs`, with `-` for what is not allowed. */
  readonly permissions: string;
  readonly offset: number;
  /** 0 for memory without a file. */
  readonly inode: number;
  /** A path, `[heap]` and the like, or nothing; bytes of a stranger as latin1. */
  readonly name: string;
}

export interface AreaDetails extends Area {
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  readonly swapBytes: number;
  readonly flags: AreaFlags;
}

/** Above it lies only the page of vsyscall, which no read reaches (x86-64, four levels of page tables). */
export const USER_END = 0x8000_0000_0000;

export const NO_FLAGS: AreaFlags = {
  dontDump: false,
  device: false,
  huge: false,
  wipeOnFork: false,
  dontFork: false,
};

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][ps]) ([0-9a-f]+) \S+ (\d+) *(.*)$/s;

function parseHead(line: string): Area | undefined {
  const match = HEAD.exec(line);
  if (!match) return undefined;
  const [, start = "", end = "", permissions = "", offset = "", inode = "", name = ""] = match;
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    permissions: onceOf(permissions),
    offset: Number.parseInt(offset, 16),
    inode: Number(inode),
    name: ownName(name),
  };
}

const kinds = new Map<string, string>();

/** The same string for the same permissions, of which there are 16. */
function onceOf(permissions: string): string {
  const known = kinds.get(permissions);
  if (known === undefined) kinds.set(permissions, permissions);
  return known ?? permissions;
}

/** A copy: what V8 cuts out of a text holds on to all of it. */
function ownName(name: string): string {
  if (name === "") return name;
  // A line break in a path is the one thing the kernel writes otherwise (seq_path(), "\n").
  return Buffer.from(name.replaceAll("\\012", "\n"), "latin1").toString("latin1");
}

/** The areas of `maps`, in order of address; lines that are none are left out, and so is vsyscall. */
export function parseMaps(text: string): Area[] {
  const areas: Area[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const area = parseHead(text.slice(at, end === -1 ? text.length : end));
    if (area !== undefined && area.start < USER_END) areas.push(area);
    if (end === -1) break;
    at = end + 1;
  }
  return areas;
}

/** Areas of one list that another does not cover: the kernel joins and parts neighbours as it likes. Both in order. */
export function uncovered<Some extends Area>(areas: readonly Some[], by: readonly Area[]): Some[] {
  const missing: Some[] = [];
  let index = 0;
  for (const area of areas) {
    while ((by[index]?.end ?? Number.POSITIVE_INFINITY) <= area.start) index++;
    let reached = area.start;
    for (let at = index; reached < area.end; at++) {
      const next = by[at];
      if (next === undefined || next.start > reached) break;
      reached = next.end;
    }
    if (reached < area.end) missing.push(area);
  }
  return missing;
}

/** Takes `smaps` apart piece by piece, wherever the pieces are cut. */
export function openSmapsParser() {
  const areas: AreaDetails[] = [];
  let rest = "";
  let area: Area | undefined;
  const counts = { residentBytes: 0, anonymousBytes: 0, swapBytes: 0 };
  let flags = NO_FLAGS;
  const finish = () => {
    if (area !== undefined && area.start < USER_END) areas.push(detailed(area, counts, flags));
    area = undefined;
  };
  const take = (line: string) => {
    // Every detail begins with a capital letter, every area with a hexadecimal digit.
    if (line.charCodeAt(0) < 65 || line.charCodeAt(0) > 90) {
      const head = parseHead(line);
      if (head === undefined) return;
      finish();
      area = head;
      counts.residentBytes = counts.anonymousBytes = counts.swapBytes = 0;
      flags = NO_FLAGS;
    } else if (line.startsWith("Rss:")) counts.residentBytes = kibibytes(line);
    else if (line.startsWith("Anonymous:")) counts.anonymousBytes = kibibytes(line);
    else if (line.startsWith("Swap:")) counts.swapBytes = kibibytes(line);
    else if (line.startsWith("VmFlags:")) flags = parseFlags(line);
  };
  return {
    push: (text: string) => {
      const all = rest + text;
      let at = 0;
      for (let end = all.indexOf("\n", at); end !== -1; end = all.indexOf("\n", at)) {
        take(all.slice(at, end));
        at = end + 1;
      }
      rest = all.slice(at);
    },
    end: (): AreaDetails[] => {
      if (rest !== "") take(rest);
      finish();
      return areas;
    },
  };
}

/** An area with what smaps tells of it. */
export function detailed(
  { start, end, permissions, offset, inode, name }: Area,
  {
    residentBytes,
    anonymousBytes,
    swapBytes,
  }: Pick<AreaDetails, "residentBytes" | "anonymousBytes" | "swapBytes">,
  flags: AreaFlags,
): AreaDetails {
  return { start, end, permissions, offset, inode, name, residentBytes, anonymousBytes, swapBytes, flags };
}

function kibibytes(line: string): number {
  const value = Number.parseInt(line.slice(line.indexOf(":") + 1), 10);
  return Number.isNaN(value) ? 0 : value * 1024;
}

const seen = new Map<string, AreaFlags>();

/** A process has a handful of different lines; each becomes one object. */
function parseFlags(line: string): AreaFlags {
  const known = seen.get(line);
  if (known !== undefined) return known;
  const words = new Set(line.slice("VmFlags:".length).trim().split(/ +/));
  const flags = {
    dontDump: words.has("dd"),
    device: words.has("io") || words.has("pf"),
    huge: words.has("ht"),
    wipeOnFork: words.has("wf"),
    dontFork: words.has("dc"),
  };
  if (seen.size < 1000) seen.set(line, flags);
  return flags;
}
