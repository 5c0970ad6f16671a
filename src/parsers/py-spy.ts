// `py-spy dump`: a head (`Process PID: ...`, `Python vX (...)`), then for each thread `Thread ID (STATE): "NAME"` and its frames,
// `    FUNCTION (FILE:LINE)`, the innermost first (py-spy, src/dump.rs). ID is a number, or 0x and hexadecimal digits; STATE is
// `active`, `idle`, or either with `+gil`; a name may hold anything.

export interface PythonThread {
  readonly name: string | undefined;
  readonly isIdle: boolean;
  readonly holdsGil: boolean;
  /** The innermost first. */
  readonly frames: readonly string[];
  /** The `Thread` line, untouched. */
  readonly line: string;
}

/** The threads in the order in which they were printed; none when the text is no dump. */
export function parsePySpy(text: string): readonly PythonThread[] {
  const threads: (Omit<PythonThread, "frames"> & { readonly frames: string[] })[] = [];
  for (const line of text.split("\n")) {
    const [match, state = "", name] =
      /^Thread (?:0x[0-9a-fA-F]+|\d+) \(([a-z+]+)\)(?:: "(.*)")?$/.exec(line) ?? [];
    if (match !== undefined)
      threads.push({
        name,
        isIdle: state.startsWith("idle"),
        holdsGil: state.includes("gil"),
        frames: [],
        line,
      });
    const frame = /^ {4}(\S.* \(.*\))$/.exec(line)?.[1];
    if (frame !== undefined) threads.at(-1)?.frames.push(frame);
  }
  return threads;
}
