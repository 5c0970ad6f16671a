// Which runtime a process is, from /proc alone: nothing is sent to it and its program is never executed.
// The executable decides before its name does, as programs are renamed and bundled with their runtime; the memory map is
// read last, because its size has no bound and reading it takes a lock of the target.
import type { RuntimeName } from "../collectors/collector.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { attempt, readExecutable } from "./executable.ts";
import { withExecutable } from "./executable-file.ts";

export interface Runtime {
  readonly name: RuntimeName;
  readonly version?: string;
}

/** Node's names of dynamic symbols take 5 MiB. */
const SYMBOL_NAMES_LIMIT_BYTES = 16 * 1024 ** 2;

/** `unknown` without the right to look. Takes milliseconds; a version only where the name has it (see runtime-version.ts). */
export function detectRuntime(held: HeldProcess): Runtime {
  const executable = readExecutable(held);
  if (executable === undefined) return { name: "unknown" };
  const byFile = withExecutable(held, (file): Runtime | undefined => {
    if (file.has(".go.buildinfo") || file.has(".gopclntab")) return { name: "go" };
    // Every Node exports these two for its add-ons: also when renamed, or one file with the application.
    const symbols = file.section(".dynstr", SYMBOL_NAMES_LIMIT_BYTES);
    return symbols?.includes("\0napi_module_register\0") && symbols.includes("\0uv_signal_start\0")
      ? { name: "node" }
      : undefined;
  });
  const path = executable.path.toString("latin1");
  return byFile ?? byName(path) ?? byLibraries(held) ?? { name: "native" };
}

function byName(path: string): Runtime | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === "java") return { name: "jvm" };
  if (name === "postgres") return { name: "postgres" };
  const python = /^python(?:\d+)?(\.\d+)?[a-z]?$/.exec(name);
  if (python === null) return undefined;
  return python[1] === undefined
    ? { name: "python" }
    : { name: "python", version: name.replace(/^python|[a-z]$/g, "") };
}

/** For runtimes that are a library of another program. */
function byLibraries(held: HeldProcess): Runtime | undefined {
  const maps = mapsOf(held);
  if (maps === undefined) return undefined;
  if (libraryIn(maps, /\/libjvm\.so$/m) !== undefined) return { name: "jvm" };
  if (libraryIn(maps, /\/libcoreclr\.so$/m) !== undefined) return { name: "dotnet" };
  if (libraryIn(maps, /\/libnode\.so(?:\.\d+)*$/m) !== undefined) return { name: "node" };
  const python = /\/libpython(\d+\.\d+)[a-z]?\.so(?:\.[\d.]+)?$/m.exec(maps);
  return python?.[1] === undefined ? undefined : { name: "python", version: python[1] };
}

/** The memory map as text; undefined without rights. */
export function mapsOf(held: HeldProcess): string | undefined {
  return attempt(() => held.readSync("maps").toString("latin1"));
}

/** The path of the first mapped file whose line of the memory map matches at its end. */
export function libraryIn(maps: string, pattern: RegExp): string | undefined {
  const line = maps.split("\n").find((candidate) => pattern.test(candidate));
  return line === undefined ? undefined : line.slice(line.indexOf("/"));
}
