// Posts notes as the spool does: again and again until the record has them, with what the receipt remembers in between.
import assert from "node:assert/strict";
import { LostAnswerError, NoteError } from "../../src/errors.ts";
import { markerId } from "../../src/incident/wording.ts";
import type { Note } from "../../src/incident/note.ts";
import type { IncidentRecord, Posted } from "../../src/incident/record.ts";
import type { EngineOptions } from "../../src/incident/system-record.ts";
import { sampleNote } from "../incident/sample-note.ts";
import type { Fault } from "./contracts/server.ts";
import type { Written } from "./contracts/vendor.ts";

/** A thousandth of a second where there is a second in life: a lost post may arrive for 1.2 s. */
export const HASTY: EngineOptions = {
  timeoutMs: 250,
  patience: { deadlineMs: 1000, firstPauseMs: 5 },
  quietMs: 1200,
  looksMs: [0, 20, 60],
};

const FAULTS: readonly Fault[] = [
  "lost",
  "lost",
  "unheard",
  "slow",
  "late",
  "said-503",
  "cut",
  "html",
  "redirect",
  401,
  403,
  404,
  409,
  429,
  500,
  503,
];

/** The same sequence for the same seed: 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** From now on this share of all requests goes wrong, in every way. Returns how often each did. */
export function injectFaults(
  server: { faultOf: () => Fault | undefined },
  seed: number,
  share = 0.35,
): Readonly<Record<string, number>> {
  const random = seeded(seed);
  const counts: Record<string, number> = {};
  server.faultOf = () => {
    if (random() > share) return undefined;
    const fault = FAULTS[Math.floor(random() * FAULTS.length)];
    counts[String(fault)] = (counts[String(fault)] ?? 0) + 1;
    return fault;
  };
  return counts;
}

export function noteNumber(number: number): Note {
  const tail = number.toString(16).padStart(6, "0");
  const captureId = `20261122T031207Z-cn14-muskie_7-${tail}`;
  const url = `https://evidence.example.test/b/${captureId}`;
  return { ...sampleNote, captureId, bundle: { ...sampleNote.bundle, url }, report: `${url}/report.html` };
}

const MOST_TRIES = 60;

/** Tries until the record has the note; returns the first success. */
export async function postUntilThere(record: IncidentRecord, note: Note): Promise<Posted> {
  let sentAt: string | undefined;
  let last: unknown;
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    try {
      return await record.post(note, "INC-4211", sentAt === undefined ? {} : { sentAt });
    } catch (error) {
      assert.ok(error instanceof NoteError, String(error));
      assert.ok(error.retryable, error.message);
      sentAt = error instanceof LostAnswerError ? error.sentAt : undefined;
      last = error;
      // While a lost post may still arrive, trying is in vain.
      await new Promise((resolve) => setTimeout(resolve, sentAt === undefined ? 30 : 200));
    }
  }
  return assert.fail(`not there after ${MOST_TRIES} tries: ${String(last)}`);
}

/** How many notes and links of these bundles there are besides one each. */
export function doubles(
  notes: readonly Note[],
  written: readonly Written[],
  links: readonly string[] | undefined,
): readonly string[] {
  return notes.flatMap(({ captureId }) => {
    const id = markerId(captureId);
    const own = written.filter(({ text, author }) => author !== "" && text.includes(`exhibit:${id}/`)).length;
    const linked = links?.filter((link) => link.includes(id)).length ?? 1;
    return own === 1 && linked === 1 ? [] : [`${id}: ${own} notes, ${linked} links`];
  });
}
