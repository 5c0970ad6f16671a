// What of a bundle is still to be sent: asked by ls, push and the eviction, which must agree.
import type { Outcome, Receipt } from "../bundle/after-seal.ts";
import type { CaptureFile } from "../bundle/manifest.ts";

export interface Waiting {
  readonly upload: "uploaded" | "waiting" | "not-asked";
  readonly note: "posted" | "waiting" | "not-asked";
}

type Upload = Pick<Receipt["uploads"][number], "confirmedAt">;
type Note = Pick<Receipt["notes"][number], "incident" | "state" | "record" | "withOutcome">;

/** What of an entry of the spool decides it. */
export interface Told {
  readonly capture?: Pick<CaptureFile, "store" | "noNote" | "incidents">;
  readonly receipt?: { readonly uploads: readonly Upload[]; readonly notes: readonly Note[] };
  readonly outcome?: Pick<Outcome, "endedAt">;
}

/** Undefined when it cannot be told: there is no capture.json that can be read. */
export function waitingOf(entry: Told): Waiting | undefined {
  return entry.capture && { upload: uploadOf(entry), note: noteOf(entry) };
}

function uploadOf({ capture, receipt, outcome }: Told): Waiting["upload"] {
  const times = (receipt?.uploads ?? []).map(({ confirmedAt }) => Date.parse(confirmedAt));
  if (times.length === 0) return capture?.store === undefined ? "not-asked" : "waiting";
  // What was told after the upload is not in the store yet.
  const toldAt = Date.parse(outcome?.endedAt ?? "");
  return toldAt > Math.max(...times) ? "waiting" : "uploaded";
}

function noteOf({ capture, receipt, outcome }: Told): Waiting["note"] {
  const notes = new Map((receipt?.notes ?? []).map((note) => [note.incident, note]));
  const isPosted = (incident: string) => {
    const note = notes.get(incident);
    return note?.state === "posted" && (outcome === undefined || note.withOutcome);
  };
  const asked = capture?.noNote === true ? [] : (capture?.incidents ?? []);
  const elsewhere = [...notes.keys()].filter((incident) => !asked.includes(incident));
  if (asked.length === 0) return elsewhere.some(isPosted) ? "posted" : "not-asked";
  // An incident that no record is set for was mistyped when somebody has posted the note elsewhere since.
  const isCorrected = (incident: string) =>
    notes.get(incident)?.record === NO_RECORD && elsewhere.some(isPosted);
  return asked.every((incident) => isPosted(incident) || isCorrected(incident)) ? "posted" : "waiting";
}

/** In a receipt, the kind of record of an incident that the settings have none for. */
export const NO_RECORD = "none";
