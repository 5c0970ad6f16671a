// `stat -f` of coreutils with a format of ours: how much room a file system has.

/** `%T` the type, `%S` the size of a block, `%b` all, `%f` free, `%a` free for others than root, `%c` all inodes, `%d` free. */
export const STAT_FORMAT = "%T %S %b %f %a %c %d %n";

export interface FilesystemRoom {
  readonly type: string;
  readonly sizeBytes: number;
  /** For root, and for everybody else. */
  readonly freeBytes: number;
  readonly availableBytes: number;
  /** 0 where the file system has no fixed number. */
  readonly inodes: number;
  readonly freeInodes: number;
  /** As it was asked for. */
  readonly path: string;
  /** Untouched. */
  readonly line: string;
}

const LINE = /^(\S{1,40}) (\d{1,15}) (\d{1,15}) (\d{1,15}) (\d{1,15}) (\d{1,15}) (\d{1,15}) (.+)$/;

/** One for each path that could be asked. */
export function parseStatFilesystem(text: string): readonly FilesystemRoom[] {
  return text.split("\n").flatMap((line) => {
    const [, type, ...rest] = LINE.exec(line) ?? [];
    const path = rest.pop();
    const [block = 0, all = 0, free = 0, available = 0, inodes = 0, freeInodes = 0] = rest.map(Number);
    if (type === undefined || path === undefined) return [];
    const [sizeBytes, freeBytes, availableBytes] = [all * block, free * block, available * block];
    return [{ type, sizeBytes, freeBytes, availableBytes, inodes, freeInodes, path, line }];
  });
}
