// --push: our own program on a host that has Node but not Exhibit. It goes below ~/.cache/exhibit under the digest of all
// its files, once: who has that digest already is sent nothing. What must stay true: the folder appears whole or not at
// all; the line for the shell there holds nothing but our own words and a digest.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ownProgram } from "../../host/own-program.ts";
import { openDeadline } from "../../host/deadline.ts";
import { run } from "../../host/run.ts";
import { printable } from "../../printable.ts";
import type { FleetHost } from "../transport.ts";
import { faultOf, type Fault } from "./faults.ts";
import { sshWords, type SshOptions } from "./words.ts";

const PUSH_MS = 120_000;
const ARCHIVE_LIMIT_BYTES = 64 * 1024 ** 2;
const MARK = "exhibit-push:";
/** The version of Node, where ours is not there yet. */
const Mark = z.union([z.enum(["present", "no-node", "put"]), z.templateLiteral(["v", z.string()])]);
type Mark = z.infer<typeof Mark>;
const LEAST_NODE = 20;

interface Program {
  readonly digest: string;
  readonly archive: Uint8Array;
}

/** How it went: the command that runs it there, or why not. */
export type Pushed = { readonly command: string } | Fault;

/** Sends our program to hosts; it is read and packed once. */
export function openPush(options: SshOptions): (host: FleetHost, signal: AbortSignal) => Promise<Pushed> {
  let packing: Promise<Program | string> | undefined;
  return async (host, signal) => {
    packing ??= pack();
    const program = await packing;
    if (typeof program === "string") return { state: "failed", reason: `--push: ${program}` };
    const deadline = openDeadline(PUSH_MS, signal);
    try {
      return await push(options, host, program, deadline.signal);
    } finally {
      deadline.close();
    }
  };
}

/** Our built program; in words when there is none. */
async function pack(): Promise<Program | string> {
  const path = ownProgram("cli").at(-1) ?? "";
  if (!path.endsWith("cli.js")) return "this exhibit runs from its sources; build it first: npm run build";
  const folder = dirname(path);
  const digest = await digestOf(folder);
  const packed = await run({
    argv: ["tar", "--format=ustar", "-czf", "-", "-C", folder, "."],
    limitBytes: ARCHIVE_LIMIT_BYTES,
  });
  if (packed.exitCode !== 0)
    return `tar could not pack ${folder}: ${printable(packed.stderr || packed.notStarted || "")}`;
  return { digest, archive: packed.stdout };
}

/** SHA-256 over the names and bytes of all files of a folder. */
async function digestOf(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.toSorted()) {
    const bytes = await readFile(path);
    hash.update(`${path.slice(folder.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

async function push(
  options: SshOptions,
  host: FleetHost,
  { digest, archive }: Program,
  signal: AbortSignal,
): Promise<Pushed> {
  const command = `node ~/.cache/exhibit/${digest}/cli.js`;
  const there = await ask(options, host, { script: lookScript(digest), signal });
  if (typeof there !== "string") return there;
  if (there === "present") return { command };
  if (Number(/^v(\d+)\./.exec(there)?.[1] ?? 0) < LEAST_NODE) return refusal(there);
  const put = await ask(options, host, { script: putScript(digest), input: archive, signal });
  if (typeof put !== "string") return put;
  return put === "put" ? { command } : refusal(put);
}

function refusal(mark: Mark): Fault {
  const what = mark === "no-node" ? "there is no node" : `its node is ${printable(mark, 30)}`;
  return {
    state: "failed",
    reason: `--push: ${what}; install Node ${LEAST_NODE} or newer, or exhibit itself`,
    lacks: "node",
  };
}

// One line within single quotes, so that every login shell hands it to sh as it is: no quote, no `!`, no line end in it.
function lookScript(digest: string): string {
  return [
    `d=$HOME/.cache/exhibit/${digest}`,
    `if test -f $d/cli.js; then echo ${MARK}present; exit 0; fi`,
    `command -v node >/dev/null || { echo ${MARK}no-node; exit 0; }`,
    `echo ${MARK}$(node -v)`,
  ].join("; ");
}

function putScript(digest: string): string {
  return [
    "set -e",
    "umask 077",
    "cd",
    "mkdir -p .cache/exhibit",
    "cd .cache/exhibit",
    "n=new.$$",
    "rm -rf $n",
    "mkdir $n",
    "tar -xzf - -C $n",
    // Somebody else may have been quicker.
    `test -d ${digest} || mv $n ${digest}`,
    "rm -rf $n",
    `echo ${MARK}put`,
  ].join("; ");
}

async function ask(
  options: SshOptions,
  host: FleetHost,
  how: { readonly script: string; readonly input?: Uint8Array; readonly signal: AbortSignal },
): Promise<Mark | Fault> {
  const outcome = await run({
    argv: sshWords(options, host, `sh -c '${how.script}'`),
    inherit: ["SSH_AUTH_SOCK", "USER", "LOGNAME"],
    signal: how.signal,
    ...(how.input === undefined ? {} : { input: how.input }),
  });
  const told = outcome.stdout
    .toString("utf8")
    .split("\n")
    .findLast((line) => line.startsWith(MARK));
  const mark = Mark.safeParse(told?.slice(MARK.length));
  if (mark.success) return mark.data;
  if (outcome.endedBy !== undefined) return { state: "failed", reason: "--push: it took too long" };
  const fault = faultOf(host, outcome, "sh");
  return fault.state === "failed"
    ? { state: "failed", reason: `--push: ${printable(outcome.stderr.trim().split("\n").at(-1) ?? "", 200)}` }
    : fault;
}
