// Programs of tests that are started again and again: bundled once, they start in a tenth of the time that tsx needs for each.
import { buildSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Below node_modules, where packages are found, and where nothing is committed from. */
const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/exhibit-programs", import.meta.url));

/** The words that run a TypeScript file of this repository. Not for one that starts programs of ours: it looks for them beside itself. */
export function programOf(path: string): [string, string] {
  return built({ entryPoints: [path] }, path);
}

/** The same of a text, which imports by absolute paths. */
export function programOfText(text: string): [string, string] {
  return built({ stdin: { contents: text, resolveDir: resolve("."), loader: "ts" } }, text);
}

function built(input: Parameters<typeof buildSync>[0], what: string): [string, string] {
  const name = createHash("sha256").update(`${process.pid} ${what}`).digest("hex").slice(0, 24);
  const outfile = join(FOLDER, `${name}.mjs`);
  mkdirSync(dirname(outfile), { recursive: true });
  buildSync({
    ...input,
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    packages: "external",
    sourcemap: "inline",
    logLevel: "error",
  });
  return [process.execPath, outfile];
}
