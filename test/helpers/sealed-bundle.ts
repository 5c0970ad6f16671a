// Bundles as a capture leaves them in a spool, with files and digests that are true.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CaptureFile, Manifest } from "../../src/bundle/manifest.ts";
import type { FileRecord } from "../../src/bundle/manifest.ts";
import type { Member } from "../../src/upload/store.ts";

export const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");

const STARTED = "2026-11-22T03:12:07.000Z";

export function captureId(tail = "4f2a91"): string {
  return `20261122T031207Z-cn14-muskie_7-${tail}`;
}

const HOST = {
  hostname: "cn14.example.test",
  os: "Linux",
  kernel: "6.1.0",
  architecture: "x64",
  bootId: "boot",
  cpus: 2,
  memoryBytes: 1024,
  timezone: "UTC",
};

/** capture.json of a process that never was. */
export function captureFile(id: string, agent: Partial<CaptureFile["agent"]> = {}): CaptureFile {
  return CaptureFile.parse({
    schemaVersion: 1,
    captureId: id,
    tool: { name: "exhibit", version: "0.1.0", settingsDigest: "x" },
    agent: { pid: 4_000_000_000, startTime: "1", bootId: "another boot", ...agent },
    operator: { user: "root", host: HOST.hostname },
    phase: "before",
    incidents: ["INC-4211"],
    target: {
      kind: "pid",
      asked: "42",
      pid: 42,
      startTime: "1000",
      bootId: "boot",
      command: "node",
      runtime: { name: "node" },
    },
    host: HOST,
    placement: {},
    profile: "before-restart",
    budgetMs: 30_000,
    maxPauseMs: 10_000,
    planned: [],
    startedAt: STARTED,
  });
}

export interface Sealed {
  readonly path: string;
  readonly captureId: string;
  readonly manifest: Manifest;
  readonly manifestSha256: string;
}

/** Evidence by its path; what ends in `.zst` counts as a core. */
export type Evidence = Readonly<Record<string, string | Uint8Array>>;

const EVIDENCE: Evidence = {
  "evidence/sockets/ss.txt": "ESTAB 0 0\n",
  "evidence/threads/samples.jsonl": '{"at":1}\n'.repeat(2000),
  "evidence/core/core.zst": randomBytes(9 * 1024 ** 2),
  "evidence/process/empty.txt": "",
};

/** Writes a sealed bundle into a spool. */
export function sealBundle(
  spool: string,
  options: {
    readonly id?: string;
    readonly evidence?: Evidence;
    readonly store?: string;
    readonly target?: CaptureFile["target"];
  } = {},
): Sealed {
  const id = options.id ?? captureId();
  const path = join(spool, id);
  const capture = {
    ...captureFile(id),
    ...(options.store === undefined ? {} : { store: options.store }),
    ...(options.target === undefined ? {} : { target: options.target }),
  };
  const files: FileRecord[] = [];
  const add = (name: string, data: string | Uint8Array) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), data);
    files.push({
      path: name,
      bytes: Buffer.byteLength(data),
      sha256: sha256(data),
      mediaType: "text/plain",
      sensitivity: name.endsWith(".zst") ? "core" : "text",
      inZip: !name.endsWith(".zst"),
    });
  };
  add("capture.json", JSON.stringify(capture));
  for (const [name, data] of Object.entries(options.evidence ?? EVIDENCE)) add(name, data);
  add("note.md", "# note\n");
  add("report.html", "<p>report</p>\n");
  add("SHA256SUMS", files.map((file) => `${file.sha256}  ${file.path}\n`).join(""));
  add("bundle.zip", "PK");
  const { agent: _agent, planned: _planned, ...shared } = capture;
  const manifest = Manifest.parse({
    ...shared,
    state: "complete",
    finishedAt: STARTED,
    sealedAt: STARTED,
    durationMs: 1,
    clock: { monotonicStartMs: 0 },
    identityChecks: [],
    collectors: [],
    readings: [],
    redactions: [],
    files,
  });
  const text = `${JSON.stringify(manifest)}\n`;
  writeFileSync(join(path, "manifest.json"), text);
  return { path, captureId: id, manifest, manifestSha256: sha256(text) };
}

/** A file on the disk as a member on its way to a store. */
export function member(path: string, data: string | Uint8Array, options: Partial<Member> = {}): Member {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
  return {
    key: "v1/none/host/bundle/file.txt",
    path,
    bytes: Buffer.byteLength(data),
    sha256: sha256(data),
    mediaType: "text/plain",
    sensitivity: "text",
    exclusive: false,
    ...options,
  };
}
