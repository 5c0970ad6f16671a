// How gdb is told to take a core. What must stay true: nothing that a stranger wrote is part of a command. The program is
// named by its link in /proc, which also works for a deleted file or one of another mount namespace; the pid is a number;
// the path is ours.
import { ExhibitError } from "../errors.ts";

// Before the attach (-iex): all that makes gdb read files while the target stands still is off. Loading symbols is most of
// the pause otherwise (with the executable preloaded an attach takes a twentieth).
// auto-load and sysroot: no script, no library and no thread_db from a folder of the target is opened.
// exec-file-mismatch: without a terminal gdb would answer its own question with yes and load symbols after all.
// An older gdb complains about a setting it does not know, and goes on.
const SETTINGS = [
  "set auto-load off",
  "set debuginfod enabled off",
  "set auto-solib-add off",
  "set exec-file-mismatch off",
  "set sysroot /nonexistent",
];

/**
 * The command that attaches to a process, writes its core to `path` and lets it go. Its exit status says nothing about the
 * core: it is 0 after a full disk and after the death of the target.
 * @throws ExhibitError when the path is not absolute or holds a control character.
 * @see gdb(1), and "Core File Generation" in the gdb manual
 */
export function gdbCoreArgv(request: {
  readonly pid: number;
  readonly path: string;
}): readonly [string, ...string[]] {
  const { pid, path } = request;
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new ExhibitError(`not a process id: ${pid}`);
  // A line break would begin another command of gdb's.
  if (!path.startsWith("/") || /\p{Cc}/u.test(path))
    throw new ExhibitError("a core needs an absolute path without control characters");
  const settings = SETTINGS.flatMap((setting) => ["-iex", setting]);
  const commands = [`attach ${pid}`, `generate-core-file ${path}`, "detach"].flatMap((command) => [
    "-ex",
    command,
  ]);
  return ["gdb", "-nx", "--batch", "--readnever", ...settings, `/proc/${pid}/exe`, ...commands];
}
