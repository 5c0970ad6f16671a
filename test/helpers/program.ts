// Programs of tests that are started again and again: bundled once, they start in a tenth of the time that tsx needs for each.
import { buildSync } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

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

const RELAY = fileURLToPath(new URL("../../src/inspector/relay.ts", import.meta.url));
let hasBundledRelay = false;

/**
 * From now on the code under test, which runs as a source, starts its relay (host/own-program.ts) from a bundle of that source, and
 * everything else as before. It starts one for each look into a process.
 */
export function bundleRelay(): void {
  if (hasBundledRelay) return;
  hasBundledRelay = true;
  const [, bundle] = programOf(RELAY);
  const hooks = `export const resolve = (specifier, context, next) =>
  specifier === ${JSON.stringify(pathToFileURL(RELAY).href)}
    ? { url: ${JSON.stringify(pathToFileURL(bundle).href)}, format: "module", shortCircuit: true }
    : next(specifier, context);`;
  const preload = bundle.replace(/mjs$/, "preload.mjs");
  writeFileSync(
    preload,
    `import { register } from "node:module";
if (process.argv[1] !== ${JSON.stringify(RELAY)}) await import("tsx");
else register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
`,
  );
  process.execArgv = process.execArgv.map((word) => (word === "tsx" ? preload : word));
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
