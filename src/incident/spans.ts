// Lines of the note as spans, for formats whose markup is structure and not text (ADF, Slack's rich text): there a
// stranger's text is a value of its own, and nothing in it can be markup.
import { printable } from "../printable.ts";
import type { Leaf } from "./wording.ts";

export interface Span {
  readonly text: string;
  readonly isCode: boolean;
}

// Printable text holds no control character, so this cannot come from a stranger.
const EDGE = "\u0001";

export const spanLeaf: Leaf = {
  text: (raw, limit) => printable(raw, limit),
  code: (raw, limit) => `${EDGE}${printable(raw, limit).trim() || "(empty)"}${EDGE}`,
};

/** The spans of a line that was written with `spanLeaf`; none is empty. */
export function spansOf(line: string): readonly Span[] {
  return line.split(EDGE).flatMap((text, index) => (text === "" ? [] : [{ text, isCode: index % 2 === 1 }]));
}
