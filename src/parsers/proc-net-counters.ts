// Counters of a network namespace: /proc/PID/net/{snmp,netstat} are pairs of lines, names and then values, with the same
// word in front (Documentation/networking/snmp_counter.rst); sockstat is `Word: name value name value`.

export type Counters = ReadonlyMap<string, number>;

export interface CounterChange {
  readonly first: number;
  readonly last: number;
  readonly change: number;
}

/** Counters by name: `Tcp.RetransSegs`, `TcpExt.ListenOverflows`. Beyond 2^53 they would be wrong and are left out. */
export function parseProcNetCounters(text: string): Counters {
  const counters = new Map<string, number>();
  const lines = text.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 1) {
    const names = lines[at]?.trim().split(/\s+/) ?? [];
    const values = lines[at + 1]?.trim().split(/\s+/) ?? [];
    const group = names[0];
    if (group === undefined || !/^\w+:$/.test(group) || values[0] !== group) continue;
    names.slice(1).forEach((name, index) => {
      const value = integer(values[index + 1]);
      if (value !== undefined) counters.set(`${group.slice(0, -1)}.${name}`, value);
    });
    at += 1;
  }
  return counters;
}

/** Counters of sockstat and sockstat6: `TCP.tw`, `UDP6.inuse`. */
export function parseSockstat(text: string): Counters {
  const counters = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [group = "", ...words] = line.trim().split(/\s+/);
    if (!/^\w+:$/.test(group)) continue;
    for (let at = 0; at + 1 < words.length; at += 2) {
      const value = integer(words[at + 1]);
      if (value !== undefined) counters.set(`${group.slice(0, -1)}.${words[at]}`, value);
    }
  }
  return counters;
}

/** What two looks at the counters have in common, without those that were 0 both times. */
export function compareCounters(first: Counters, last: Counters): ReadonlyMap<string, CounterChange> {
  const changes = new Map<string, CounterChange>();
  for (const [name, before] of first) {
    const after = last.get(name);
    if (after !== undefined && (before !== 0 || after !== 0))
      changes.set(name, { first: before, last: after, change: after - before });
  }
  return changes;
}

function integer(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
