// Bytes of a log as lines. What must stay true: a line without an end is not kept.

/** The rest of a longer line is not looked at. */
export const LINE_LIMIT_BYTES = 4096;
const NEWLINE = 0x0a;

export interface LineSplitter {
  /** The lines that ended in these bytes; the first bytes of those that are too long. */
  readonly take: (bytes: Buffer) => readonly string[];
  /** Forgets the line that has begun. */
  readonly reset: () => void;
}

export function openLineSplitter(): LineSplitter {
  let begun = Buffer.alloc(0);
  const keep = (piece: Buffer) => {
    const room = LINE_LIMIT_BYTES - begun.length;
    if (room > 0 && piece.length > 0) begun = Buffer.concat([begun, piece.subarray(0, room)]);
  };
  return {
    take: (bytes) => {
      const lines: string[] = [];
      let at = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
        keep(bytes.subarray(at, end));
        lines.push(begun.toString("utf8"));
        begun = Buffer.alloc(0);
        at = end + 1;
      }
      keep(bytes.subarray(at));
      return lines;
    },
    reset: () => {
      begun = Buffer.alloc(0);
    },
  };
}
