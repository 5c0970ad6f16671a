// Keeps a rendered note short: what matters least goes first, and never the bundle's address or its id.
import type { Note } from "./note.ts";

/** Record systems cut or refuse longer texts; and nobody reads them. */
export const MAX_NOTE_LENGTH = 4000;

function shorter(note: Note): readonly Note[] {
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

/** The note as `render` writes it, with as much in it as 4,000 characters hold. */
export function fitNote(note: Note, render: (note: Note) => string): string {
  let text = "";
  for (const one of shorter(note)) {
    text = render(one);
    if (text.length <= MAX_NOTE_LENGTH) return text;
  }
  return text;
}
