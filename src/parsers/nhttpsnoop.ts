// What nhttpsnoop prints, from its own format strings: `[%3d.%06d] %6d %-6s %4d.%-03dms %-6s %-20s`. TIME is seconds since
// the trace began, at the END of what the row tells. Rows come once a second from each CPU's buffer, so they may be out of
// order, and the last may be cut. It prints no total, and with -p it does not filter garbage collections.

export interface SnoopRow {
  /** Microseconds since the trace began. */
  readonly endUs: number;
  readonly pid: number;
  /** `gc`, `server`, `client`. */
  readonly probe: string;
  readonly latencyUs: number;
  /** As it was printed. */
  readonly line: string;
}

export interface SnoopTrace {
  /** By time. */
  readonly rows: readonly SnoopRow[];
  /** Lines that are neither a row nor the header, and a last line that ends in mid row. */
  readonly unreadable: number;
}

// The fraction is three digits, but printf would pad it with blanks on the right: `1.30 ms` is 1,030 microseconds.
const ROW = /^\[\s*(\d{1,9})\.(\d{6})\]\s+(\d{1,10}) (\S+)\s+(\d{1,9})\.(\d{1,3}) {0,2}ms(?:\s|$)/;

/** The rows of a trace. None at all means that nothing is known, not that nothing happened: no probe may have matched. */
export function parseNhttpsnoop(text: string): SnoopTrace {
  const rows: SnoopRow[] = [];
  let unreadable = 0;
  for (const line of text.split("\n")) {
    const [match, seconds, micros, pid, probe, whole, fraction] = ROW.exec(line) ?? [];
    if (match !== undefined && probe !== undefined) {
      rows.push({
        endUs: Number(seconds) * 1_000_000 + Number(micros),
        pid: Number(pid),
        probe,
        latencyUs: Number(whole) * 1000 + Number(fraction),
        line,
      });
    } else if (line.trim() !== "" && !line.startsWith("TIME ")) unreadable++;
  }
  return { rows: rows.toSorted((a, b) => a.endUs - b.endUs), unreadable };
}

export interface SnoopEvent {
  /** Unix time at its end. */
  readonly time: number;
  readonly probe: "gc" | "server" | "client";
  readonly ms: number;
  readonly method: string;
  readonly path: string;
}

/** The same columns, by time; TIME counts from the first row, as the trace itself has no other beginning. */
export function formatNhttpsnoop(pid: number, events: readonly SnoopEvent[]): string {
  const sorted = events.toSorted((a, b) => a.time - b.time);
  const began = sorted[0]?.time ?? 0;
  const rows = sorted.map(({ time, probe, ms, method, path }) => {
    const at = ((time - began) / 1000).toFixed(6).padStart(10);
    const latency = `${ms.toFixed(3).padStart(8)}ms`;
    return `[${at}] ${String(pid).padStart(6)} ${probe.padEnd(6)} ${latency} ${method.padEnd(6)} ${path.padEnd(20)}`;
  });
  const header = `TIME         ${"PID".padStart(6)} ${"PROBE".padEnd(6)} ${"LATENCY".padStart(10)} METHOD ${"PATH".padEnd(20)}`;
  return `${[header, ...rows].join("\n")}\n`;
}
