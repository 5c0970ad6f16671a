// A process that posts notes to one record file, for tests of what happens between processes: it says that it is ready,
// waits for a line, then posts the bundles named in its arguments.
import { once } from "node:events";
import { openFileRecord } from "../../src/incident/file-record.ts";
import { sampleNote } from "./sample-note.ts";

const [folder = "", incident = "", ...captureIds] = process.argv.slice(2);
const record = openFileRecord(folder);
process.stdout.write("ready\n");
await once(process.stdin, "data");
for (const captureId of captureIds) await record.post({ ...sampleNote, captureId }, incident);
process.stdin.destroy();
