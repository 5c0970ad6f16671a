import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { UploadError } from "../../src/errors.ts";
import { sendOrder } from "../../src/upload/members.ts";
import { openStore } from "../../src/upload/open-store.ts";
import { sendBundle, type SendProgress } from "../../src/upload/send.ts";
import type { Store } from "../../src/upload/store.ts";
import { sealBundle, type Sealed } from "../helpers/sealed-bundle.ts";

let base = "";
let archive = "";
let store: Store;
let sealed: Sealed;
beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), "exhibit-send-"));
  archive = join(base, "archive");
  store = await openStore("default", { type: "directory", path: archive });
  sealed = sealBundle(join(base, "spool"));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const below = () => `v1/INC-4211/cn14.example.test/${sealed.captureId}`;
const send = (
  more: { readonly signal?: AbortSignal; readonly onProgress?: (progress: SendProgress) => void } = {},
) => sendBundle({ bundlePath: sealed.path, manifest: sealed.manifest, store, ...more });
const stored = async () => (await store.list("")).map(({ key }) => key.slice(below().length + 1));

test("a bundle arrives as the tree it is, and sha256sum agrees", async () => {
  const sent = await send();

  const listed = sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  assert.deepEqual(sent, {
    url: join(archive, below()),
    files: sealed.manifest.files.length + 1,
    bytes: listed + readFileSync(join(sealed.path, "manifest.json")).length,
    manifestSha256: sealed.manifestSha256,
  });
  execFileSync("diff", ["-r", sealed.path, join(archive, below())]);
  execFileSync("sha256sum", ["--check", "--strict", "--quiet", "SHA256SUMS"], {
    cwd: join(archive, below()),
  });
});

test("the capture comes first, then evidence by size, what is for people, and the manifest last", async () => {
  writeFileSync(join(sealed.path, "manifest.json.sig"), "signature");
  writeFileSync(join(sealed.path, "outcome.json"), "{}");
  const paths: string[] = [];

  await send({ onProgress: ({ path }) => void paths.push(path) });

  const steps = sendOrder(sealed.manifest.files);
  assert.deepEqual(
    steps.flat().filter((path) => path.startsWith("evidence/")),
    [
      "evidence/process/empty.txt",
      "evidence/sockets/ss.txt",
      "evidence/threads/samples.jsonl",
      "evidence/core/core.zst",
    ],
  );
  assert.deepEqual([steps[0], ...steps.slice(-2)], [["capture.json"], ["SHA256SUMS"], ["bundle.zip"]]);
  // Within a step several are under way, and any may be there first.
  const sent = [...steps, ["manifest.json.sig"], ["manifest.json"], ["outcome.json"]];
  for (const step of sent) assert.deepEqual(paths.splice(0, step.length).toSorted(), step.toSorted());
  assert.ok(steps.findIndex((step) => step.includes("report.html")) > 1);
  assert.deepEqual(paths, []);
});

test("sending again finds everything present and gives the same answer", async () => {
  const first = await send();
  const states = new Set<string>();

  const second = await send({ onProgress: ({ state }) => void states.add(state) });

  assert.deepEqual(second, first);
  assert.deepEqual([...states], ["present"]);
});

test("progress adds up to what the manifest lists and the manifest itself", async () => {
  const seen: SendProgress[] = [];

  const sent = await send({ onProgress: (progress) => void seen.push(progress) });

  assert.equal(seen.at(-1)?.sentBytes, sent.bytes);
  assert.ok(
    seen.every(
      ({ totalBytes }) => totalBytes === sealed.manifest.files.reduce((sum, file) => sum + file.bytes, 0),
    ),
  );
});

test("a file that changed after the seal keeps the manifest away, and the others are still safe", async () => {
  const path = join(sealed.path, "evidence/sockets/ss.txt");
  writeFileSync(path, "FORGED 0 0");

  const sending = send();

  await assert.rejects(sending, (error) => {
    assert.ok(error instanceof UploadError);
    assert.equal(error.bundlePath, sealed.path);
    assert.match(error.message, /ss\.txt: has SHA-256 [0-9a-f]{64}, was sealed with [0-9a-f]{64}$/);
    return true;
  });
  const names = await stored();
  assert.equal(names.length, sealed.manifest.files.length - 1);
  assert.ok(!names.includes("manifest.json") && !names.includes("evidence/sockets/ss.txt"));
});

test("files that are cut or gone are counted", async () => {
  appendFileSync(join(sealed.path, "evidence/sockets/ss.txt"), "more");
  rmSync(join(sealed.path, "evidence/process/empty.txt"));
  rmSync(join(sealed.path, "bundle.zip"));

  await assert.rejects(send(), { name: "UploadError", message: /and 2 more files cannot be stored$/ });
});

test("another manifest of the same capture is never replaced", async () => {
  await send();
  appendFileSync(join(sealed.path, "manifest.json"), "\n");

  await assert.rejects(send(), {
    name: "UploadError",
    message: new RegExp(`manifest.json: holds SHA-256 ${sealed.manifestSha256}`),
  });
});

test("the outcome follows whenever it is told, and is replaced when more is known", async () => {
  const first = await send();
  const states: string[] = [];
  for (const text of ["{}", '{"exitCode":0}']) {
    writeFileSync(join(sealed.path, "outcome.json"), text);

    const again = await send({
      onProgress: ({ path, state }) => path === "outcome.json" && states.push(state),
    });

    assert.deepEqual(again, first);
    assert.equal(String(await store.get(`${below()}/outcome.json`, 100)), text);
  }
  assert.deepEqual(states, ["stored", "stored"]);
});

test("an abort ends it between files and within them, and the next time completes it", async () => {
  const stop = new AbortController();

  const sending = send({
    signal: stop.signal,
    onProgress: ({ path }) => path === "capture.json" && stop.abort(),
  });

  await assert.rejects(sending, { name: "UploadError", message: /was stopped/, bundlePath: sealed.path });
  assert.deepEqual(await stored(), ["capture.json"]);
  await send();
  assert.ok(existsSync(join(archive, below(), "manifest.json")));
});

test("a store that fails is not asked for file after file", async () => {
  await send();
  rmSync(join(archive, below(), "evidence"), { recursive: true });
  writeFileSync(join(archive, below(), "evidence"), "in the way");
  rmSync(join(archive, below(), "note.md"));

  await assert.rejects(send(), {
    name: "UploadError",
    message: /a file is where a folder should be/,
    bundlePath: sealed.path,
  });

  assert.ok(!existsSync(join(archive, below(), "note.md")));
});
