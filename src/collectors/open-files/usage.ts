// How many descriptors are open, of what type, and how many there may be.
import type { DescriptorRow } from "./descriptor.ts";

export interface Usage {
  readonly open: number;
  /** The soft limit: open(2) fails beyond it. */
  readonly limit: number | "unlimited" | undefined;
  readonly rows: readonly DescriptorRow[];
}

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

/** Most first. */
function countBy(
  rows: readonly DescriptorRow[],
  keyOf: (row: DescriptorRow) => string,
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}
