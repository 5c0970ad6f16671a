// illumos ptree(1), usr/src/cmd/ptools/ptree/ptree.c: two blanks a level, the pid left-justified in five, the arguments;
// with -c the process contracts are levels of their own. Control characters in arguments are escaped by ptree.

export interface PtreeRow {
  /** From 0. */
  readonly depth: number;
  /** Absent for a contract. */
  readonly pid: number | undefined;
  /** At most 79 bytes of the arguments: psinfo keeps no more. */
  readonly command: string;
  readonly isDefunct: boolean;
}

/** The rows of a tree, in order; lines that are none are left out. */
export function parsePtree(text: string): readonly PtreeRow[] {
  return text.split("\n").flatMap((line): PtreeRow[] => {
    const contract = /^( *)\[(.*)\]$/.exec(line);
    if (contract !== null)
      return [{ depth: depth(contract[1]), pid: undefined, command: contract[2] ?? "", isDefunct: false }];
    const match = /^( *)(\d{1,10}) +(\S.*)?$/.exec(line);
    if (match === null) return [];
    const command = match[3] ?? "";
    return [{ depth: depth(match[1]), pid: Number(match[2]), command, isDefunct: command === "<defunct>" }];
  });
}

function depth(indent: string | undefined): number {
  return Math.floor((indent?.length ?? 0) / 2);
}
