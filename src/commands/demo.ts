// exhibit demo: the main job before a newcomer's eyes. A small service of ours is sick, `exhibit guard` saves the evidence
// and restarts it, and the reader sees where bundle and note are. Nothing but Node is needed; what this host lacks is told.
import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { noteOf } from "../capture/post-notes.ts";
import { readBundle } from "../capture/sealed-bundle.ts";
import { ownProgram } from "../host/own-program.ts";
import { ExhibitError } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { writeFileDurable } from "../host/files.ts";
import { startService } from "../host/start.ts";
import { renderText } from "../incident/render-text.ts";
import { printable } from "../printable.ts";
import { listSpool } from "../upload/spool.ts";
import type { CommandContext, CommandResult } from "./command.ts";
import { startCommand } from "./mitigation.ts";
import type { DemoResult } from "./results/bundles.ts";
import { styleOf } from "./style.ts";

const INCIDENT = "DEMO-1";
const BUDGET = "20s";
/** A heap that is nearly full, and a young generation so small that collecting never ends. */
const SICK_FLAGS = ["--max-old-space-size=180", "--max-semi-space-size=1"];

export async function run(context: CommandContext<Record<string, never>>): Promise<CommandResult> {
  const style = styleOf(context.progress);
  const folder = await makeDemoFolder();
  const pids: number[] = [];
  const undo = context.onSignal(() => stopAll(pids));
  try {
    context.say(`${style.bold("exhibit demo")}: everything it makes lies in ${folder}`);
    context.say(
      "1. A small service is started. Its heap is nearly full, and the peer that it talks to has just died.",
    );
    const service = await startSickService(folder, pids);
    context.say(`   process ${service.pid}: ${style.yellow(await waitUntilSick(folder))}`);

    const settings = await writeSettings(folder);
    const [, ...words] = ownProgram("cli");
    const mitigation = ownProgram("sick-service");
    const reason = "most of its time goes into garbage collection since the peer died";
    const common = [
      "--pid",
      String(service.pid),
      "--incident",
      INCIDENT,
      "--reason",
      reason,
      "--budget",
      BUDGET,
    ];
    context.say(
      "2. You are about to restart it. You save the evidence first, with one word before the command:\n",
    );
    context.say(
      `   ${style.cyan(`$ exhibit guard --pid ${service.pid} -i ${INCIDENT} -m "${reason}" -- sick-service restart`)}\n`,
    );
    const colour = context.progress.colour ? "always" : "never";
    const guard = startCommand(
      [
        process.execPath,
        ...words,
        "guard",
        ...common,
        "--config",
        settings,
        "--color",
        colour,
        "--",
        ...mitigation,
        "restart",
        folder,
      ],
      context,
    );
    const ended = await guard.ended;
    pids.push(...(await readPids(folder)));
    if (ended.exitCode !== 0)
      throw new ExhibitError(`the demo's guard ended with exit status ${ended.exitCode}`);
    return await tellTheEnd(context, folder);
  } finally {
    undo();
    stopAll([...pids, ...(await readPids(folder))]);
  }
}

async function makeDemoFolder(): Promise<string> {
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), ".local", "state");
  const parent = join(state, "exhibit", "demo");
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    return await mkdtemp(join(parent, `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, "")}Z-`));
  } catch {
    // No home that can be written to: a folder of our own that nobody can guess.
    return mkdtemp(join(tmpdir(), "exhibit-demo-"));
  }
}

/** Bundles and notes of the demo stay apart from those of the host. */
async function writeSettings(folder: string): Promise<string> {
  const path = join(folder, "exhibit.yaml");
  const text = [
    "version: 1",
    `store: {default: {type: directory, path: ${JSON.stringify(join(folder, "archive"))}}}`,
    `spool: {path: ${JSON.stringify(join(folder, "spool"))}, keepFree: 2%}`,
  ];
  await writeFileDurable(path, `${text.join("\n")}\n`);
  return path;
}

async function startSickService(folder: string, pids: number[]): Promise<{ readonly pid: number }> {
  const log = join(folder, "service.log");
  const peer = startService([...ownProgram("sick-service"), "peer", folder], log);
  if (peer.pid !== undefined) pids.push(peer.pid);
  const port = /"port":(\d+)/.exec(await waitForFile(join(folder, "peer.json")))?.[1] ?? "0";
  const service = startService([...ownProgram("sick-service", SICK_FLAGS), "run", folder, port], log);
  if (service.pid === undefined) throw new ExhibitError("the demo's service could not be started");
  pids.push(service.pid);
  for (const child of [peer, service]) child.unref();
  await waitForFile(join(folder, "service.json"));
  return { pid: service.pid };
}

async function waitForFile(path: string): Promise<string> {
  for (let tries = 0; tries < 400; tries++) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return text;
    await delay(25);
  }
  throw new ExhibitError(`${path} did not appear: the demo's service did not start`);
}

/** The line of its own log that shows it; a slow host gets its time. */
async function waitUntilSick(folder: string): Promise<string> {
  for (let tries = 0; tries < 60; tries++) {
    const log = await readFile(join(folder, "service.log"), "utf8");
    const lines = log.trim().split("\n");
    const last = lines.at(-1) ?? "";
    const share = Number(/ gc (\d+)%/.exec(last)?.[1] ?? 0);
    if (lines.length >= 3 && share >= 30) return printable(last.replace(/^\S+ /, ""));
    await delay(250);
  }
  return "it is busy";
}

async function tellTheEnd(
  context: CommandContext<Record<string, never>>,
  folder: string,
): Promise<CommandResult> {
  const spool = join(folder, "spool");
  const [entry] = await listSpool(spool);
  if (!entry?.manifest)
    throw new ExhibitError("the demo left no sealed bundle", { hint: `look into ${spool}` });
  const bundle = await readBundle(spool, entry.captureId);
  const url = entry.receipt?.uploads[0]?.url;
  const notePath = join(folder, "incidents", `${INCIDENT}.md`);
  const missing = bundle.manifest.collectors.filter(({ status }) => status !== "ok");
  const lines = [
    "",
    "3. The note that is now on the incident record:",
    "",
    ...renderText(await noteOf(bundle, { linkBase: null }))
      .trimEnd()
      .split("\n")
      .map((line) => `   ${line}`),
    "",
    `note    ${notePath}`,
    `bundle  ${url ?? entry.path}`,
    ...(missing.length === 0 ? [] : ["", "Not taken on this host, and why:"]),
    ...missing.map(({ name, status, reason }) => `  ${name} (${status}): ${printable(reason ?? "", 300)}`),
    "",
    `look into it with: exhibit show ${entry.captureId} --config ${join(folder, "exhibit.yaml")}`,
    "what would work on this host, and how to fix the rest: exhibit doctor",
  ];
  const json: DemoResult = {
    folder,
    captureId: entry.captureId,
    path: entry.path,
    ...(url === undefined ? {} : { url }),
    notePath,
    manifest: bundle.manifest,
  };
  return { exitCode: 0, text: `${lines.join("\n")}\n`, json };
}

async function readPids(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, "service.json"), "utf8").catch(() => "");
  const pid = /"pid":(\d+)/.exec(text)?.[1];
  return pid === undefined ? [] : [Number(pid)];
}

function stopAll(pids: readonly number[]): void {
  for (const pid of new Set(pids)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}
