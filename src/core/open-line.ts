// The command that a person types to open a core. The executable's path was chosen by a stranger: it is shown so that a
// shell takes it byte for byte, and a terminal never sees a control character of it.

const PLAIN = /^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+:,./-]*$/;
const DELETED = " (deleted)";

export interface Executable {
  /** A word for a shell (bash, zsh, ksh: `$'...'` where it must be quoted). */
  readonly word: string;
  /** The kernel says that the file is no longer there (proc(5), /proc/pid/exe). */
  readonly deleted: boolean;
}

/** What /proc/PID/exe points to, as a word for a shell. */
export function executableOf(link: Uint8Array): Executable {
  const text = Buffer.from(link).toString("latin1");
  const deleted = text.endsWith(DELETED);
  const path = deleted ? text.slice(0, -DELETED.length) : text;
  if (PLAIN.test(path)) return { word: path, deleted };
  const quoted = path.replace(
    /[^A-Za-z0-9_@%+:,./ -]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return { word: `$'${quoted}'`, deleted };
}

/** `gdb EXECUTABLE CORE`. Without a known executable gdb finds out itself what it can. */
export function openLine(executable: Executable | undefined, core: string): string {
  return executable === undefined ? `gdb -c ${core}` : `gdb ${executable.word} ${core}`;
}
