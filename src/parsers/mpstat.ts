// mpstat(8) of illumos: blocks of one row for each CPU, each under a header. The first block is the average since boot.

/** One block: the percent of time in which each CPU was idle, by the CPU's id. */
export type IdleByCpu = ReadonlyMap<number, number>;

/** All blocks in order; a row whose columns do not fit its header is left out. */
export function parseMpstat(text: string): readonly IdleByCpu[] {
  const blocks: Map<number, number>[] = [];
  let header: readonly string[] = [];
  for (const line of text.split("\n")) {
    const cells = line.trim().split(/\s+/);
    if (cells[0] === "CPU") {
      header = cells;
      blocks.push(new Map());
      continue;
    }
    const idle = cells[header.indexOf("idl")] ?? "";
    const fits = cells.length === header.length && cells.every((cell) => /^\d{1,15}$/.test(cell));
    if (fits && idle !== "") blocks.at(-1)?.set(Number(cells[0]), Number(idle));
  }
  return blocks;
}

/** Mean idle share of all CPUs over the samples, in percent; the first block is no sample. */
export function meanIdle(blocks: readonly IdleByCpu[]): number | undefined {
  const values = blocks.slice(1).flatMap((block) => [...block.values()]);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
