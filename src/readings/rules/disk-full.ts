import prettyBytes from "pretty-bytes";
import { printable } from "../../printable.ts";
import type { Filesystem } from "../evidence/descriptors.ts";
import { lineOf } from "../fact.ts";
import type { Rule } from "../rule.ts";
import { tenth } from "../wording.ts";

/** Free of the whole, in percent. */
const FULL_PERCENT = 1;
/** They are full from the day they are made, and nobody writes to them. */
const READ_ONLY = /^(?:squashfs|isofs|iso9660|erofs|cramfs|romfs|proc|sysfs|cgroup2?fs)$/;

export const diskFull: Rule = {
  id: "disk-full",
  question: "Is there room where it writes?",
  next: "What fills it (du, deleted files that are still open)? A restart needs room, too.",
  judge: ({ descriptors, target, process }) => {
    const isRoot = (target?.uid ?? process?.status?.uid) === 0;
    const seen = new Set<string>();
    return (descriptors?.filesystems ?? []).flatMap((found) => {
      const room = roomOf(found.value, isRoot);
      // A root directory is often what the working directory is on: the same numbers are the same file system.
      const key = `${found.value.type} ${found.value.sizeBytes} ${found.value.freeBytes}`;
      if (room === undefined || seen.has(key)) return [];
      seen.add(key);
      return [
        {
          text: `The file system of ${printable(found.value.what)} has ${room.words}.`,
          value: room.percent,
          unit: "percent",
          method: "statfs",
          sureness: found.value.isWritten ? "certain" : "likely",
          speaksFor: "not-restart",
          ...lineOf(found),
        } as const,
      ];
    });
  },
};

/** What little is left of it; undefined when that is enough. */
function roomOf(
  { type, sizeBytes, freeBytes, availableBytes, inodes, freeInodes }: Filesystem,
  isRoot: boolean,
): { readonly percent: number; readonly words: string } | undefined {
  if (sizeBytes === 0 || READ_ONLY.test(type)) return undefined;
  const left = isRoot ? freeBytes : availableBytes;
  const percent = tenth((100 * left) / sizeBytes);
  const size = prettyBytes(sizeBytes, { binary: true });
  if (percent <= FULL_PERCENT)
    return { percent, words: `${prettyBytes(left, { binary: true })} of ${size} left (${percent}%)` };
  const ofInodes = inodes === 0 ? 100 : tenth((100 * freeInodes) / inodes);
  if (ofInodes > FULL_PERCENT) return undefined;
  return { percent: ofInodes, words: `${freeInodes} of ${inodes} inodes left (${ofInodes}%)` };
}
