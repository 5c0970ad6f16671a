// The four ways to save evidence that bench:peers compares: the command of each, and where its result lies afterwards.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Request {
  readonly pid: number;
  readonly incident: string;
  readonly reason: string;
  /** Fresh; everything that the command leaves goes here. */
  readonly folder: string;
}

export interface Contender {
  readonly name: string;
  readonly ours: boolean;
  readonly argv: (request: Request) => readonly string[];
  /** What a person would pick up: an archive, or a folder. */
  readonly result: (folder: string) => string;
}

const SCRIPT = new URL("hand-script.sh", import.meta.url).pathname;

/** The one entry of a folder that matches; a command that left none has no result. */
function only(folder: string, pattern: RegExp): string {
  const found = readdirSync(folder).filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${found.length} results ${String(pattern)} in ${folder}`);
  return join(folder, found[0] ?? "");
}

/** Archive, spool and incident record all lie in the folder of the run. */
function writeSettings(folder: string): string {
  const path = join(folder, "exhibit.yaml");
  const text = `version: 1\nstore: {default: {type: directory, path: ${folder}/archive}}\nspool: {path: ${folder}/spool}\n`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function exhibit(cli: string, name: string, profile: readonly string[]): Contender {
  return {
    name,
    ours: true,
    argv: ({ pid, incident, reason, folder }) => [
      process.execPath,
      cli,
      "capture",
      "--pid",
      String(pid),
      ...profile,
      "-i",
      incident,
      "-m",
      reason,
      "--config",
      writeSettings(folder),
    ],
    result: (folder) => {
      const byIncident = only(join(folder, "archive/v1"), /./);
      return only(only(byIncident, /./), /./);
    },
  };
}

/** @param cli the built program */
export function contenders(cli: string): readonly Contender[] {
  return [
    exhibit(cli, "exhibit quick", ["--profile", "quick"]),
    exhibit(cli, "exhibit full", []),
    {
      name: "sos",
      ours: false,
      argv: ({ incident, folder }) =>
        `sos report --batch --quiet -o process --case-id ${incident} --tmp-dir ${folder}`.split(" "),
      result: (folder) => only(folder, /^sosreport-.*\.tar\.[a-z]+$/),
    },
    {
      name: "hand script",
      ours: false,
      argv: ({ pid, incident, folder }) => [SCRIPT, String(pid), folder, incident],
      result: (folder) => only(folder, /^evidence-.*\.tar\.gz$/),
    },
  ];
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}

/** A result as plain files below one folder: archives unpacked, cores uncompressed. */
export function unpack(result: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  if (statSync(result).isDirectory()) run("cp", ["-r", `${result}/.`, folder]);
  else run("tar", ["-xf", result, "-C", folder]);
  for (const path of filesBelow(folder)) if (path.endsWith(".zst")) run("zstd", ["-dq", "--rm", path]);
  return folder;
}

/** Every ordinary file below a folder. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
