// Runs the built program as a person would: a state folder of its own, and everything it wrote to look at afterwards.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { z } from "zod";
import { Outcome, Receipt } from "../../src/bundle/after-seal.ts";
import { Manifest } from "../../src/bundle/manifest.ts";

export const CLI = new URL("../../dist/cli.js", import.meta.url).pathname;

/** Of a capture: bundles of run and add have no target. */
export const CapturedManifest = Manifest.required({ target: true });
export type CapturedManifest = z.infer<typeof CapturedManifest>;

export interface Sandbox {
  readonly folder: string;
  readonly spool: string;
  readonly archive: string;
  readonly settings: string;
  /** Runs to the end. */
  readonly run: (
    args: readonly string[],
    options?: { env?: NodeJS.ProcessEnv; input?: string; uid?: number },
  ) => SpawnSyncReturns<string>;
  /** Runs to the end while the test goes on: for commands that talk to a server of the test. */
  readonly runBeside: (
    args: readonly string[],
    options?: { env?: NodeJS.ProcessEnv },
  ) => Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Starts and leaves it running; stderr is collected. */
  readonly start: (
    args: readonly string[],
    options?: { env?: NodeJS.ProcessEnv },
  ) => ChildProcess & { readonly output: () => string };
  /** Ids in the spool, oldest first. */
  readonly ids: () => readonly string[];
  readonly manifest: (id?: string) => CapturedManifest;
  /** Also of a bundle of run or add. */
  readonly anyManifest: (id?: string) => Manifest;
  readonly outcome: (id?: string) => Outcome;
  readonly receipt: (id?: string) => Receipt;
  readonly read: (path: string, id?: string) => string;
  readonly remove: () => void;
}

/** `settings` is YAML after the store and the spool; `stores` is YAML of stores beside the default one: `, name: {…}`. */
export function openSandbox(settings = "", stores = ""): Sandbox {
  assert.ok(existsSync(CLI), "dist/cli.js is missing: npm run build");
  const folder = mkdtempSync(join(tmpdir(), "exhibit-e2e-"));
  const spool = join(folder, "spool");
  const archive = join(folder, "archive");
  const path = join(folder, "exhibit.yaml");
  const yaml = `version: 1\nstore: {default: {type: directory, path: ${archive}}${stores}}\nspool: {path: ${spool}, keepFree: 1%}\n${settings}`;
  writeFileSync(path, yaml, { mode: 0o600 });
  const words = (args: readonly string[]) => {
    const dashes = args.indexOf("--");
    const own = dashes < 0 ? args.length : dashes;
    return [CLI, ...args.slice(0, own), "--config", path, ...args.slice(own)];
  };
  // An id tells the second alone: the folder's own birth tells which came first.
  const startOf = (id: string) => statSync(join(spool, id, "capture.json")).mtimeMs;
  const ids = () =>
    existsSync(spool)
      ? readdirSync(spool)
          .filter((name) => /^\d{8}T\d{6}Z-.*-[0-9a-f]{6}$/.test(name))
          .toSorted((one, other) => startOf(one) - startOf(other))
      : [];
  const last = () => ids().at(-1) ?? assert.fail("there is no bundle in the spool");
  const json = (name: string, id: string) => JSON.parse(readFileSync(join(spool, id, name), "utf8"));
  return {
    folder,
    spool,
    archive,
    settings: path,
    run: (args, options = {}) =>
      spawnSync(process.execPath, words(args), {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1", ...options.env },
        maxBuffer: 64 * 1024 ** 2,
        ...(options.input === undefined ? {} : { input: options.input }),
        ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
      }),
    runBeside: async (args, { env } = {}) => {
      const child = spawn(process.execPath, words(args), {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1", ...env },
      });
      const [stdout, stderr, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "close"),
      ]);
      return { status, stdout, stderr };
    },
    start: (args, { env } = {}) => {
      const child = spawn(process.execPath, words(args), {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1", ...env },
      });
      let output = "";
      child.stderr.on("data", (data) => (output += String(data)));
      child.stdout.on("data", (data) => (output += String(data)));
      return Object.assign(child, { output: () => output });
    },
    ids,
    manifest: (id = last()) => CapturedManifest.parse(json("manifest.json", id)),
    anyManifest: (id = last()) => Manifest.parse(json("manifest.json", id)),
    outcome: (id = last()) => Outcome.parse(json("outcome.json", id)),
    receipt: (id = last()) =>
      Receipt.parse(JSON.parse(readFileSync(join(spool, `${id}.receipt.json`), "utf8"))),
    read: (file, id = last()) => readFileSync(join(spool, id, file), "utf8"),
    // Again when something that is about to end wrote into it meanwhile.
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** How a collector ended: `threads: ok`. */
export function statusesOf(manifest: Manifest): Readonly<Record<string, string>> {
  return Object.fromEntries(manifest.collectors.map(({ name, status }) => [name, status]));
}

/** The state letter of a process. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat[stat.lastIndexOf(")") + 2];
  } catch {
    return undefined;
  }
}
