import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildAutomaton } from "../../../src/bundle/redaction/automaton.ts";

const letters = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength });

/** The longest of `strings` that ends at each place, found the slow way. */
function slowly(strings: readonly string[], text: string) {
  const hits: { from: number; to: number; text: string }[] = [];
  for (let to = 1; to <= text.length; to++) {
    const ending = strings.filter((one) => text.slice(0, to).endsWith(one));
    const longest = ending.toSorted((a, b) => b.length - a.length)[0];
    if (longest !== undefined) hits.push({ from: to - longest.length, to, text: longest });
  }
  return hits;
}

test("the automaton finds what a search for each string finds", () => {
  fc.assert(
    fc.property(fc.uniqueArray(letters(6), { maxLength: 8 }), letters(60), (strings, text) => {
      const hits = buildAutomaton(strings)(text);

      assert.deepEqual(
        hits.map(({ from, to, index }) => ({ from, to, text: strings[index] })),
        slowly(strings, text),
      );
    }),
    { numRuns: 500 },
  );
});
