// /proc/PID/limits (proc(5)): a table whose first column is 26 characters wide and holds blanks.

export interface Limit {
  readonly soft: number | "unlimited";
  readonly hard: number | "unlimited";
  /** `files`, `bytes`, `seconds`...; some limits have none. */
  readonly unit: string | undefined;
  /** Untouched. */
  readonly line: string;
}

const NAME_WIDTH = 26;

/** Limits by their name in the table: `Max open files`. */
export function parseProcLimits(text: string): ReadonlyMap<string, Limit> {
  const limits = new Map<string, Limit>();
  for (const line of text.split("\n")) {
    const [softText, hardText, unit] = line.slice(NAME_WIDTH).trim().split(/\s+/);
    const [soft, hard] = [value(softText), value(hardText)];
    if (soft !== undefined && hard !== undefined)
      limits.set(line.slice(0, NAME_WIDTH).trim(), { soft, hard, unit, line });
  }
  return limits;
}

function value(text: string | undefined): number | "unlimited" | undefined {
  if (text === "unlimited") return text;
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
