// What every rule of redaction speaks: stretches of text to hide. Rules never change text; masks.ts does, once.
// What must stay true for every rule: linear time whatever the text (a repetition is bounded, or can start only
// where a run of its characters starts), because the text is written by strangers.

/** Stands for each character of a mask while rules look: no letter, no blank, no separator. */
export const SHADE = "\u0001";

/** A stretch of text to hide: from `from`, up to and without `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly rule: string;
  /** What the digest is made of when it is not the stretch itself: the secret behind an encoded form. */
  readonly secret?: string;
}

/** Finds what to hide, in no order; stretches may overlap. */
export type Rule = (text: string) => readonly Span[];

/** Where a sticky pattern that matches at `at` ends; undefined when it does not match there. */
export function endOf(sticky: RegExp, text: string, at: number): number | undefined {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : undefined;
}
