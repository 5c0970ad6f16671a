// Takes a snapshot as the collector does, tells when it stands, and waits for the rest, if it lives so long.
//   core-caller.ts PID START_TIME PATH TOLD RUN_ID COMPRESSOR...
import { prepareCore } from "../../src/core/core-helper.ts";
import { HELPER } from "./take-core.ts";

const [pid = "0", startTime = "", path = "", told = "", runId = "", ...compressor] = process.argv.slice(2);
const [file = "zstd", ...args] = compressor;

const prepared = await prepareCore({
  pid: Number(pid),
  startTime,
  method: "snapshot",
  maxPauseMs: 5000,
  path,
  through: [[file, ...args]],
  runId,
  program: HELPER,
  alone: { told, about: {}, roomBytes: 2 ** 40 },
});
const { standing, finished } = await prepared.take();
console.log(JSON.stringify(standing));
await finished;
