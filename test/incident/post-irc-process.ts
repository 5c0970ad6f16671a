// A process that posts one note to an IRC channel, with what its environment makes it trust (NODE_EXTRA_CA_CERTS is read
// when Node starts). Prints what became of it.
import { messageOf } from "../../src/errors.ts";
import { openFound } from "../../src/incident/open-record.ts";
import { Incident } from "../../src/settings-incidents.ts";
import { sampleNote } from "./sample-note.ts";

const [settings = "", reference = "", folder = ""] = process.argv.slice(2);
const told = await openFound(Incident.parse(JSON.parse(settings)), reference, {
  folder,
  engine: { timeoutMs: 20_000, patience: { deadlineMs: 100, firstPauseMs: 5 } },
})
  .post(sampleNote, "")
  .then(
    ({ state }) => state,
    (error: unknown) => messageOf(error),
  );
process.stdout.write(told);
