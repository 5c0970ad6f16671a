// The version of a target's runtime, where a file says it. Slower than knowing the runtime: it may read tens of megabytes
// of the executable, so it is asked for after the first evidence is taken.
import type { Target } from "../bundle/manifest.ts";
import type { HeldProcess } from "../host/process-files.ts";
import { parseGoVersion } from "../parsers/go-buildinfo.ts";
import { attempt } from "./executable.ts";
import { withExecutable } from "./executable-file.ts";
import { readBelowRoot } from "./root-file.ts";
import { libraryIn, mapsOf } from "./runtime.ts";

/** Node's constants take 47 MiB, and official builds have the version in the first. */
const CONSTANTS_LIMIT_BYTES = 64 * 1024 ** 2;
const RELEASE_LIMIT_BYTES = 16 * 1024;

/** The target with the version of its runtime, when it can be found; unknown stays absent. */
export function withRuntimeVersion(held: HeldProcess, target: Target): Target {
  if (target.runtime.version !== undefined) return target;
  const version = runtimeVersion(held, target.runtime.name);
  return version === undefined ? target : { ...target, runtime: { ...target.runtime, version } };
}

/** `20.20.2`, `17.0.15`, `1.22.4`; undefined when no file says it or may be read. */
export function runtimeVersion(held: HeldProcess, name: Target["runtime"]["name"]): string | undefined {
  if (name === "jvm") return jvmVersion(held);
  if (name === "go")
    return withExecutable(held, (file) =>
      parseGoVersion(file.section(".go.buildinfo", 4096) ?? Buffer.alloc(0)),
    );
  if (name !== "node") return undefined;
  return withExecutable(held, (file) =>
    file.search(".rodata", /node\.js\/v(\d{1,3}\.\d{1,3}\.\d{1,3})(?!\d)/, CONSTANTS_LIMIT_BYTES),
  );
}

/** A JDK has a file `release` in its home, and libjvm.so two folders below it (four before Java 9, with its platform). */
function jvmVersion(held: HeldProcess): string | undefined {
  const library = libraryIn(mapsOf(held) ?? "", /\/libjvm\.so$/);
  if (library === undefined) return undefined;
  const folders = library.split("/").slice(0, -1);
  for (let up = 2; up <= 4; up++) {
    const path = [...folders.slice(0, -up), "release"].join("/");
    const release = attempt(() => readBelowRoot(held, path, RELEASE_LIMIT_BYTES).toString("latin1"));
    const version = /^JAVA_VERSION="([\w.+-]{1,40})"/m.exec(release ?? "")?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}
