// How many descriptors are open, of what type, and how many there may be.
import type { Reading } from "../collector.ts";
import type { DescriptorRow } from "./descriptor.ts";

export interface Usage {
  readonly open: number;
  /** The soft limit: open(2) fails beyond it. */
  readonly limit: number | "unlimited" | undefined;
  readonly rows: readonly DescriptorRow[];
  /** The line that says the limit, untouched. */
  readonly limitLine: string | undefined;
  readonly limitFile: string;
}

/** Beyond this share of the limit it is worth a sentence. */
const NOTABLE_SHARE = 0.5;
const MAX_DELETED = 1000;

/** The document of summary.json. */
export function summariseFiles({ open, limit, rows }: Usage): Record<string, unknown> {
  const deleted = rows.filter((row) => row.isDeleted);
  return {
    open,
    limit,
    described: rows.length,
    types: countBy(rows, (row) => row.type),
    sockets: countBy(
      rows.filter((row) => row.socket !== undefined),
      ({ socket }) => [socket?.protocol, socket?.state].filter((word) => word !== undefined).join(" "),
    ),
    deletedFiles: {
      count: deleted.length,
      // How large they are, only their holder knows; one that is appended to is at least as large as its position.
      files: deleted.slice(0, MAX_DELETED).map(({ fd, target, position }) => ({ fd, target, position })),
    },
  };
}

/** Only when more than half of what is allowed is open. */
export function readUsage({ open, limit, rows, limitLine, limitFile }: Usage): readonly Reading[] {
  if (limit === undefined || limit === "unlimited" || limit === 0 || open / limit <= NOTABLE_SHARE) return [];
  const percent = Math.round((open / limit) * 1000) / 10;
  const most = Object.entries(countBy(rows, (row) => row.type)).slice(0, 3);
  const types = most.map(([type, count]) => `${count} ${type}`).join(", ");
  return [
    {
      id: "descriptors",
      text: `${open} of ${limit} file descriptors were open (${percent} %)${types === "" ? "" : `: ${types}`}.`,
      value: percent,
      unit: "percent",
      ...(limitLine === undefined ? {} : { line: limitLine }),
      file: limitFile,
    },
  ];
}

/** Most first. */
function countBy(
  rows: readonly DescriptorRow[],
  keyOf: (row: DescriptorRow) => string,
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}
