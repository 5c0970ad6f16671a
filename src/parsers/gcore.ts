// What gcore prints on illumos: `gcore: FILE dumped` on stdout, and on stderr why it did not (gcore(1); the reasons are those
// of Pgrab_error() in libproc).

export interface GcoreOutput {
  /** The files it says it has written. */
  readonly dumped: readonly string[];
  /** Processes that it could not stop, and why: `permission denied`, `process is traced`, `zombie process`. */
  readonly refused: readonly { readonly pid: string; readonly reason: string }[];
  /** Files that it began and could not finish, and why. */
  readonly failed: readonly { readonly file: string; readonly reason: string }[];
}

/** Reads stdout and stderr of gcore, one after the other or mixed. */
export function parseGcore(text: string): GcoreOutput {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith("gcore: "));
  const messages = lines.map((line) => line.slice("gcore: ".length));
  return {
    dumped: messages.flatMap((message) => /^(.+) dumped$/.exec(message)?.[1] ?? []),
    refused: messages.flatMap((message) => {
      const [, pid, reason] = /^cannot grab (\d+): (.+)$/.exec(message) ?? [];
      return pid === undefined || reason === undefined ? [] : [{ pid, reason }];
    }),
    failed: messages.flatMap((message) => {
      const [, file, reason] = /^(.+) dump failed: (.+)$/.exec(message) ?? [];
      return file === undefined || reason === undefined ? [] : [{ file, reason }];
    }),
  };
}
