// Redaction of a text of any length in bounded memory. Text is worked off in blocks that end at a line's end; every
// block is looked at with what stands before and after it, so that a secret on the border is seen whole.
import { shaded, type Mask } from "./masks.ts";
import type { Span } from "./span.ts";

/** Worked off at once, about. */
const BLOCK = 1024 ** 2;
/** Seen before and after a block. No secret but one of absurd length is longer. */
const REACH = 64 * 1024;
/** A line longer than this is cut: the memory one line may cost is this and what the rules make of it. */
const LONGEST_LINE = 16 * 1024 ** 2;

export interface RedactionStream {
  /** Takes more text; returns what is done, often nothing. */
  readonly push: (text: string) => string;
  /** The rest. */
  readonly end: () => string;
  readonly counts: ReadonlyMap<string, number>;
}

interface Window {
  readonly text: string;
  /** Where the text that is not worked off yet begins. */
  readonly start: number;
}

/** Where a block may end; undefined when more text must come first. */
function cutOf({ text, start }: Window, spans: readonly Span[], mustCut: boolean): number | undefined {
  const latest = text.length - REACH;
  const lineEnd = text.lastIndexOf("\n", latest - 1) + 1;
  const wanted = lineEnd > start ? lineEnd : mustCut ? latest : undefined;
  if (wanted === undefined) return undefined;
  const crossing = spans.find((span) => span.from < wanted && span.to > wanted);
  if (crossing === undefined) return wanted;
  if (crossing.from > start) return crossing.from;
  // One secret longer than everything that may be held: its end is where it is seen to end.
  return mustCut ? crossing.to : undefined;
}

/** From the end of the first line, or of the first NUL-terminated entry, on. */
function afterLine(text: string): string {
  const end = text.search(/[\n\0]/);
  return end === -1 ? "" : text.slice(end);
}

/** `find` sees each text with masks already made opaque and returns merged stretches. */
export function createRedactionStream(find: (text: string) => readonly Span[], mask: Mask): RedactionStream {
  const counts = new Map<string, number>();
  let before = "";
  let pieces: string[] = [];
  let held = 0;
  let wanted = BLOCK + REACH;
  /** A secret that was cut goes on: all is left out until its line ends. */
  let isInSecret = false;

  const emit = (window: Window, shade: string, spans: readonly Span[], cut: number): string => {
    const result = mask({ text: window.text, shade, from: window.start, to: cut }, spans);
    for (const [rule, count] of result.counts) counts.set(rule, (counts.get(rule) ?? 0) + count);
    before = window.text.slice(Math.max(0, cut - REACH), cut);
    pieces = [window.text.slice(cut)];
    held = window.text.length - cut;
    return result.text;
  };

  const work = (isLast: boolean): string => {
    const window = { text: before + pieces.join(""), start: before.length };
    const shade = shaded(window.text);
    const spans = find(shade);
    const cut = isLast ? window.text.length : cutOf(window, spans, held >= LONGEST_LINE);
    if (cut === undefined) {
      // Twice as much before the next look keeps the work linear.
      pieces = [window.text.slice(window.start)];
      wanted = Math.min(held * 2, LONGEST_LINE);
      return "";
    }
    wanted = BLOCK + REACH;
    isInSecret = !isLast && cut === window.text.length;
    return emit(window, shade, spans, cut);
  };

  return {
    counts,
    push: (more) => {
      const text = isInSecret ? afterLine(more) : more;
      if (text === "") return "";
      isInSecret = false;
      pieces.push(text);
      held += text.length;
      return held >= wanted ? work(false) : "";
    },
    end: () => work(true),
  };
}
