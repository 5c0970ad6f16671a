// Run as a process of its own: for each line of stdin, the path of a spool, recovers it and prints what became of it.
import { createInterface } from "node:readline";
import { recoverSpool } from "../../src/capture/recover.ts";

console.log("ready");
for await (const spool of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await recoverSpool(spool, ({ captureId }) => `file:///archive/${captureId}`)));
