// Run as a process of its own: for each line of stdin, the path of a spool, recovers it and prints what became of it.
// How bundles are sealed is the first argument, as JSON; without it, as the settings are when they say nothing of it.
import { createInterface } from "node:readline";
import { recoverSpool } from "../../src/capture/recover.ts";
import type { SealingSettings } from "../../src/capture/seal.ts";

const PLAIN: SealingSettings = {
  encrypt: { recipients: [], everything: false, required: false },
  sign: { key: null, identity: null, allowedSigners: null },
  services: [],
};
const asked = process.argv[2];
const sealing: SealingSettings = asked === undefined ? PLAIN : JSON.parse(asked);

console.log("ready");
for await (const spool of createInterface({ input: process.stdin }))
  console.log(
    JSON.stringify(await recoverSpool(spool, ({ captureId }) => `file:///archive/${captureId}`, sealing)),
  );
