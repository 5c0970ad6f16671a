// The early upload: a program of its own that sends a bundle's finished evidence to the store while the capture still
// runs, so that what was taken outlives the host. It stands behind everything else on the host (nice 10), and a store that
// stalls holds up nobody but it. What must stay true: it changes a file only by masking it, never after it said "quiet";
// it sends no file that is not masked; when the capture is gone it ends.
//
//   early-upload.js     orders on stdin, words on stdout: early-lines.ts
import { createInterface } from "node:readline";
import { join } from "node:path";
import pLimit from "p-limit";
import { bundlePaths } from "../bundle/layout.ts";
import { CaptureFile } from "../bundle/manifest.ts";
import { openRedactor } from "../bundle/redaction/bundle-redactor.ts";
import { noteMasked } from "../bundle/redaction/masked-before.ts";
import { messageOf } from "../errors.ts";
import { delay } from "../host/clock.ts";
import { openEarlySender, type EarlySender } from "./early-sender.ts";
import { Order, parseLine, type Word } from "./early-lines.ts";
import { readJsonFile } from "./json-file.ts";
import { openStore } from "./open-store.ts";

type Opening = Extract<Order, { kind: "open" }>;

function tell(word: Word): void {
  process.stdout.write(`${JSON.stringify(word)}\n`);
}

/** Masks files one at a time, in the order in which they come, until it is told to keep quiet. */
async function openMasker({ spool, captureId }: Opening) {
  const paths = bundlePaths(spool, captureId);
  const redactor = await openRedactor(paths.secrets);
  const oneByOne = pLimit(1);
  let isQuiet = false;
  return {
    /** False when it is too late to change the file. */
    mask: (path: string): Promise<boolean> =>
      oneByOne(async () => {
        if (isQuiet) return false;
        const note = (counts: ReadonlyMap<string, number>) => noteMasked(paths.masked, path, counts);
        await redactor.redactFile(join(paths.folder, path), note);
        return true;
      }),
    quiet: async () => {
      isQuiet = true;
      await oneByOne(async () => undefined);
    },
  };
}

async function openCapture(opening: Opening): Promise<CaptureFile> {
  const found = await readJsonFile(bundlePaths(opening.spool, opening.captureId).capture, CaptureFile);
  if (found.state !== "read") throw new Error("capture.json cannot be read");
  return found.value;
}

/** What follows the first order, until the last one. */
async function obey(opening: Opening, orders: AsyncIterator<Order>, stop: AbortSignal): Promise<void> {
  const masker = await openMasker(opening);
  const sender: EarlySender = openEarlySender({
    folder: bundlePaths(opening.spool, opening.captureId).folder,
    capture: await openCapture(opening),
    store: await openStore(opening.store.name, opening.store.settings),
    stop,
    onSent: (path, bytes) => tell({ kind: "sent", path, bytes }),
    onRefused: (reason) => tell({ kind: "refused", reason }),
  });
  sender.send("capture.json");
  for (;;) {
    const { done, value: order } = await orders.next();
    if (done || order.kind === "end") break;
    if (order.kind === "member") sender.send(order.path, () => masker.mask(order.path));
    if (order.kind === "growing") sender.grow(order.path);
    if (order.kind === "grown") sender.grown(order.path, order);
    if (order.kind === "given-up") sender.giveUp(order.path);
    if (order.kind === "quiet") void masker.quiet().then(() => tell({ kind: "quiet" }));
  }
  await sender.end();
}

/** The orders of stdin; `stop` aborts when stdin ends without a last order: the capture was killed. */
async function* readOrders(stop: AbortController): AsyncGenerator<Order, undefined, undefined> {
  for await (const line of createInterface({ input: process.stdin })) {
    const order = parseLine(Order, line);
    if (order === undefined) continue;
    yield order;
    if (order.kind === "end") return;
  }
  stop.abort();
}

async function main(): Promise<void> {
  const stop = new AbortController();
  // Nobody listens any more.
  process.stdout.on("error", () => stop.abort());
  // Ctrl-C is the capture's to answer; it tells us.
  for (const signal of ["SIGINT", "SIGHUP"]) process.on(signal, () => undefined);
  const orders = readOrders(stop);
  const first = await orders.next();
  if (first.done || first.value.kind !== "open") return;
  await obey(first.value, orders, stop.signal);
}

// A store that does not answer must not keep us after the capture has gone.
await main().catch((error: unknown) => tell({ kind: "refused", reason: messageOf(error) }));
await delay(0);
process.exit(0);
