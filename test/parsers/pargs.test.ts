import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePargs } from "../../src/parsers/pargs.ts";
import { fixture } from "../helpers/recorded.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

test("words are unquoted as sh would", () => {
  assert.deepEqual(parsePargs(fixture("illumos/pargs/l-quoted.txt")), [
    "/opt/example/bin/node",
    "main.js",
    "-f",
    "etc/config.json",
    "a b",
    "it's",
    "line\\nbreak",
  ]);
});

test("a zombie has no arguments", () => {
  assert.equal(parsePargs(fixture("illumos/pargs/defunct.txt")), undefined);
  assert.equal(parsePargs(""), undefined);
});

/** As quote_string() of pargs.c. */
const quote = (word: string) => `'${word.replaceAll("'", `'"'"'`)}'`;

test("what pargs quotes is read back, and nothing makes the parser throw", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
      fc.string({ unit: CODE_POINT }),
      (words, text) => {
        assert.deepEqual(parsePargs(`${words.map(quote).join(" ")} \n`), words);
        parsePargs(text);
      },
    ),
  );
});
