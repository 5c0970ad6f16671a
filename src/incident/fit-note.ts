// Keeps a rendered note short: what matters least goes first, and never the bundle's address or its id.
import type { Note } from "./note.ts";

/** Record systems cut or refuse longer texts; and nobody reads them. */
export const MAX_NOTE_LENGTH = 4000;

/** Hosts of a job that have room, one try after the other. */
const HOSTS_SHOWN = [60, 30, 15, 8, 4, 0];

function shorter(note: Note): readonly Note[] {
  const { made } = note;
  if (made?.by === "fleet")
    return [
      note,
      ...HOSTS_SHOWN.map((count) => ({ ...note, made: { ...made, hosts: made.hosts.slice(0, count) } })),
    ];
  const withoutLines = {
    ...note,
    readings: note.readings.map((reading) => ({ ...reading, line: undefined })),
  };
  const few = {
    ...withoutLines,
    readings: withoutLines.readings.slice(0, 3),
    missing: note.missing.slice(0, 3),
  };
  return [
    note,
    withoutLines,
    few,
    { ...few, readings: [], missing: [], reason: undefined, stateReason: undefined, report: undefined },
  ];
}

/** The note as `render` makes it, with as much in it as the limit holds; `sizeOf` measures what it made. */
export function fitNote<T>(
  note: Note,
  render: (note: Note) => T,
  sizeOf: (made: T) => number,
  limit: number,
): T {
  const [whole = note, ...others] = shorter(note);
  let made = render(whole);
  for (const one of others) {
    if (sizeOf(made) <= limit) break;
    made = render(one);
  }
  return made;
}

/** The same for text of at most 4,000 characters. */
export function fitText(note: Note, render: (note: Note) => string, limit = MAX_NOTE_LENGTH): string {
  return fitNote(note, render, (text) => text.length, limit);
}
