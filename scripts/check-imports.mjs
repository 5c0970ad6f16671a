// Which file may import which. Rooms are layers: imports point downwards only, and rooms of one layer never in a circle.
// TypeScript 7 has no API for programs, so the sources are read as text: every import here is written at the start of
// a line, which the formatter sees to.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** Another tree than ours, in the test of this check. */
const other = process.argv[2];
const root = other ?? new URL("../src", import.meta.url).pathname;

/** From the top. `base` and `settings` are files of src/ itself. */
const LAYERS = [
  ["cli"],
  ["commands"],
  ["demo"],
  ["agent"],
  ["fleet"],
  ["capture"],
  ["collectors", "bundle", "upload", "incident", "report", "readings", "target", "core", "inspector"],
  ["settings-files"],
  ["parsers", "host"],
  ["base"],
];
/** Programs of their own, not part of the command line: they may do what only cli.ts may, and start others. */
const PROGRAMS = [
  "cli.ts",
  "core/helper/program.ts",
  "demo/sick-service.ts",
  "inspector/relay.ts",
  "upload/early-upload.ts",
];
/** The only ones that start processes. */
const STARTERS = ["host/run.ts", "host/start.ts", "host/start-cat.ts"];
const BASE = [
  "errors.ts",
  "printable.ts",
  "units.ts",
  "settings.ts",
  "settings-incidents.ts",
  "settings-triggers.ts",
  "settings-values.ts",
  "version.ts",
];

/** `src/collectors/core/linux.ts` is in the room `collectors`. */
function roomOf(path) {
  const parts = path.split("/");
  if (parts.length > 1) return parts[0];
  if (path === "cli.ts") return "cli";
  return BASE.includes(path) ? "base" : path.startsWith("settings-") ? "settings-files" : path;
}
const layerOf = (room) => LAYERS.findIndex((rooms) => rooms.includes(room));

/** Code without comments, texts and regular expressions left as they are: good enough for what is looked for here. */
function withoutComments(text) {
  return text.replace(/^\s*(?:\/\/|\/?\*).*$/gm, "").replace(/\s\/\/ .*$/gm, "");
}

/** What a file imports: `{ from, typeOnly }`. */
function importsOf(code) {
  const found = [];
  for (const [, keyword, what, from] of code.matchAll(/^(import|export)\s([^;"']*?)\sfrom\s+"([^"]+)"/gm))
    if (keyword === "import" || what.startsWith("{") || what.startsWith("*") || what.startsWith("type"))
      found.push({ from, typeOnly: what.startsWith("type ") });
  for (const [, from] of code.matchAll(/^import\s+"([^"]+)"/gm)) found.push({ from, typeOnly: false });
  for (const [, before, from] of code.matchAll(
    /(typeof\s+|[:=]\s*(?=import\("[^"]+"\)\.[A-Z]))?import\("([^"]+)"\)/g,
  ))
    found.push({ from, typeOnly: before !== undefined });
  return found;
}

const COLLECTOR_LISTS = ["collectors/index.ts", "collectors/profiles.ts"];

/** Collectors know evidence, not the machine: what they may import besides their own folder. */
function collectorMay(path, target) {
  if (target === undefined || COLLECTOR_LISTS.includes(path)) return true;
  const room = roomOf(target);
  if (room === "base" || room === "parsers" || room === "collectors") return true;
  return room === "core" && (path === "collectors/core.ts" || path.startsWith("collectors/core/"));
}

function faultsOfImport(path, { from, typeOnly }) {
  const local = from.startsWith(".");
  const target = local ? relative(root, resolve(root, dirname(path), from)) : undefined;
  const faults = [];
  if (local && !from.endsWith(".ts") && !from.endsWith(".json")) faults.push(`${from} has no .ts`);
  const [mine, theirs] = [roomOf(path), target === undefined ? undefined : roomOf(target)];
  if (theirs !== undefined && layerOf(theirs) === -1) faults.push(`${target} is in no room`);
  if (theirs !== undefined && layerOf(theirs) < layerOf(mine))
    faults.push(`${from} is above: imports point downwards`);
  if (
    /^(?:node:child_process|execa)$/.test(from) &&
    !STARTERS.includes(path) &&
    !PROGRAMS.includes(path) &&
    !typeOnly
  )
    faults.push(`${from}: only host/run.ts, start.ts and start-cat.ts start processes`);
  if (mine === "collectors" && !collectorMay(path, target))
    faults.push(`${from}: collectors import parsers/ and collector.ts`);
  if (mine === "collectors" && !local && !["zod", "pretty-bytes"].includes(from) && !from.startsWith("node:"))
    faults.push(`${from}: not in a collector`);
  if (mine === "parsers" && /^node:(?:fs|child_process|os|net|http)/.test(from))
    faults.push(`${from}: parsers do no I/O`);
  return { faults, target };
}

const ONLY_CLI = [
  /\bprocess\.argv\b/,
  /\bprocess\.exit\b/,
  /\bprocess\.exitCode\b/,
  /\bprocess\.stdout\b/,
  /\bconsole\./,
];

function faultsOfText(path, code) {
  if (PROGRAMS.includes(path)) return [];
  return ONLY_CLI.flatMap((pattern) => {
    const found = pattern.exec(code)?.[0];
    return found === undefined ? [] : [`${found}: only cli.ts reads arguments, prints results or exits`];
  });
}

/** Circles of rooms in one layer; types alone make none. */
function circles(edges) {
  const reaches = (from, to, seen = new Set()) => {
    if (seen.has(from)) return false;
    seen.add(from);
    const next = edges.get(from) ?? new Map();
    return next.has(to) || [...next.keys()].some((room) => reaches(room, to, seen));
  };
  return [...edges].flatMap(([from, to]) =>
    [...to].flatMap(([room, path]) =>
      reaches(room, from) ? [`src/${path}: ${from} and ${room} import each other`] : [],
    ),
  );
}

const problems = [];
const edges = new Map();
const paths = readdirSync(root, { recursive: true }).filter((path) => path.endsWith(".ts"));
for (const path of paths) {
  if (layerOf(roomOf(path)) === -1)
    problems.push(`src/${path}: in no room; name it in scripts/check-imports.mjs`);
  const code = withoutComments(readFileSync(join(root, path), "utf8"));
  for (const fault of faultsOfText(path, code)) problems.push(`src/${path}: ${fault}`);
  for (const one of importsOf(code)) {
    const { faults, target } = faultsOfImport(path, one);
    for (const fault of faults) problems.push(`src/${path}: ${fault}`);
    const [mine, theirs] = [roomOf(path), target === undefined ? undefined : roomOf(target)];
    if (one.typeOnly || theirs === undefined || theirs === mine || layerOf(theirs) !== layerOf(mine))
      continue;
    edges.set(mine, (edges.get(mine) ?? new Map()).set(theirs, path));
  }
}
problems.push(...circles(edges));
if (other === undefined && paths.length < 100)
  problems.push("found hardly any file: the check itself is broken");
for (const problem of problems) console.log(problem);
console.log(`${paths.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
