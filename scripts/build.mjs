// Bundles src/cli.ts into dist/: one small file that starts, the rest in chunks that are loaded when they are needed.
// Everything is in it, so that dist/ alone runs; the licences of what was taken in are written beside it.
import { build } from "esbuild";
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const out = join(root, "dist");
const fresh = join(root, `dist.${process.pid}.tmp`);

// Some dependencies are CommonJS and ask for Node's own modules by require().
const REQUIRE = `import { createRequire as exhibitRequire } from "node:module"; const require = exhibitRequire(import.meta.url);`;

/** zod tells errors in fifty languages, of which esbuild cannot know that we speak one: 366 KB that every start would read. */
const zodInEnglish = {
  name: "zod-in-english",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[/]zod[/]v4[/]locales[/]index[.]js$/ }, () => ({
      contents: `export { default as en } from "./en.js";`,
    })),
};

const result = await build({
  absWorkingDir: root,
  entryPoints: [
    { in: "src/cli.ts", out: "cli" },
    { in: "src/core/helper/program.ts", out: "core-helper" },
    { in: "src/upload/early-upload.ts", out: "early-upload" },
    { in: "src/inspector/relay.ts", out: "relay" },
    { in: "src/demo/sick-service.ts", out: "sick-service" },
  ],
  entryNames: "[name]",
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.19",
  packages: "bundle",
  // Native, and optional: where it is not installed a core is taken by gdb.
  external: ["koffi"],
  // As CommonJS a package has one export, `default`: `import("@aws-sdk/client-s3")` would give no S3.
  mainFields: ["module", "main"],
  chunkNames: "chunks/[name]-[hash]",
  define: { EXHIBIT_VERSION: JSON.stringify(version) },
  plugins: [zodInEnglish],
  metafile: true,
  logLevel: "warning",
  legalComments: "none",
}).catch(() => process.exit(1)); // esbuild has said why.

/** Adds the require shim to the files that need it only: it costs a little at every start. */
function addShim(path) {
  const text = readFileSync(path, "utf8");
  if (!/\bvar __require\b/.test(text)) return;
  writeFileSync(path, `${REQUIRE}\n${text}`);
}

/** Package folders that the bundle took code from, with their licence texts. */
function licences(inputs) {
  const folders = new Set(
    Object.keys(inputs).flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  );
  return [...folders].toSorted().map((folder) => {
    const {
      name,
      version: own,
      license,
    } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : `\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
    return `${name} ${own} (${license})\n${text}`;
  });
}

for (const path of Object.keys(result.metafile.outputs)) if (path.endsWith(".js")) addShim(join(root, path));
const cli = join(fresh, "cli.js");
writeFileSync(cli, `#!/usr/bin/env node\n${readFileSync(cli, "utf8")}`);
chmodSync(cli, 0o755);
writeFileSync(join(fresh, "LICENSES.txt"), licences(result.metafile.inputs).join(`\n${"-".repeat(78)}\n`));

// The old one stays in use until the new one is whole.
rmSync(out, { recursive: true, force: true });
renameSync(fresh, out);
