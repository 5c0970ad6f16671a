// Where our own programs lie: beside each other in the bundle, or in the sources when those run as they are.
import { fileURLToPath } from "node:url";

/** Put in place by the bundler. */
declare const EXHIBIT_VERSION: string | undefined;

const PROGRAMS = {
  // Bundled, this file is a chunk in dist/chunks.
  cli: ["../cli.js", "../cli.ts"],
  "core-helper": ["../core-helper.js", "../core/helper/program.ts"],
  "early-upload": ["../early-upload.js", "../upload/early-upload.ts"],
  relay: ["../relay.js", "../inspector/relay.ts"],
  "sick-service": ["../sick-service.js", "../demo/sick-service.ts"],
} as const;

/** The words that start one of our programs. */
export function ownProgram(
  name: keyof typeof PROGRAMS,
  nodeFlags: readonly string[] = [],
): [string, ...string[]] {
  const [bundled, source] = PROGRAMS[name];
  const isBundled = typeof EXHIBIT_VERSION === "string";
  const path = fileURLToPath(new URL(isBundled ? bundled : source, import.meta.url));
  return [process.execPath, ...process.execArgv, ...nodeFlags, path];
}
