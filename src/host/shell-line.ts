// A command as one line for sh -c, for the one tool that takes no array (script(1)). What must stay true: every argument
// arrives as it was, whatever is in it.

/** Within single quotes every character stands for itself; a single quote ends them (POSIX.1-2017, XCU 2.2.2). */
function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A word that a person may paste; quoted only when it must be. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*$/.test(word) ? word : quote(word);
}

/**
 * The line that becomes the command (`exec`), with `shell` as its SHELL: script(1) chooses the shell by that variable.
 * The first word must not begin with `-`: some shells take it for an option of exec.
 */
export function shellLine(argv: readonly [string, ...string[]], shell: string | undefined): string {
  const restore = shell === undefined ? "unset SHELL" : `export SHELL=${quote(shell)}`;
  return `${restore}; exec ${argv.map(quote).join(" ")}`;
}
