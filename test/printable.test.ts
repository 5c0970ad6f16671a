import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { printable, printableLines } from "../src/printable.ts";
import { CODE_POINT } from "./helpers/code-point.ts";

/** What a person must never be shown: it moves the cursor, reorders the line, breaks it, or hides. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u;

const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: CODE_POINT }),
      fc.constantFrom(
        "\u001b[31m",
        "\u202e",
        "\r\n",
        "\ud83d",
        "\udc00",
        "\u{1f600}",
        "\u2066",
        "\ufe0f",
        "\u3164",
      ),
    ),
  )
  .map((parts) => parts.join(""));

test("nothing that moves, reorders, breaks or hides text is ever shown", () => {
  fc.assert(
    fc.property(nasty, (text) => {
      assert.doesNotMatch(printable(text), HARMFUL);
    }),
    { numRuns: 500 },
  );
});

test("every character of Unicode is either shown as it is or harmless", () => {
  const survivors: string[] = [];

  for (let code = 0; code <= 0x10ffff; code += 64) {
    const characters = Array.from({ length: 64 }, (_, index) => String.fromCodePoint(code + index));
    if (HARMFUL.test(printable(characters.join(" "), 10_000))) survivors.push(code.toString(16));
  }

  assert.deepEqual(survivors, []);
});

test("the limit is kept, in characters, for text and for bytes, and a longer text ends in …", () => {
  fc.assert(
    fc.property(nasty, fc.integer({ min: 1, max: 40 }), (text, limit) => {
      for (const input of [text, Buffer.from(text)]) {
        const shown = printable(input, limit);

        assert.ok(Array.from(shown).length <= limit);
        if (Array.from(text).length > limit) assert.ok(shown.endsWith("…"));
      }
    }),
    { numRuns: 500 },
  );
});

test("harmless text within the limit is shown as it is", () => {
  for (const text of ["", "node", "Ünïcödé 日本語", "é".repeat(200), "😀".repeat(200), "C:\\x41"])
    assert.equal(printable(text), text);
});

test("a text of exactly the limit is whole, one character more is cut", () => {
  assert.equal(printable("abcd", 4), "abcd");
  assert.equal(printable("abcde", 4), "abc…");
  assert.equal(printable("😀😀😀😀", 4), "😀😀😀😀");
  assert.equal(printable("😀😀😀😀😀", 4), "😀😀😀…");
});

test("valid UTF-8 is the same as bytes and as text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(printable(Buffer.from(text)), printable(text));
    }),
  );
});

function ofBytes(...bytes: readonly number[]): string {
  return printable(Uint8Array.from(bytes));
}

test("bytes that are no UTF-8 are shown one by one, and what is valid between them as it is", () => {
  assert.equal(ofBytes(0x61, 0xff, 0x62), "a\\xffb");
  assert.equal(ofBytes(0xc3, 0xa9, 0xc3), "é\\xc3");
  assert.equal(ofBytes(0xe2, 0x82), "\\xe2\\x82");
  assert.equal(ofBytes(0xf0, 0x9f, 0x98, 0x80, 0x80), "😀\\x80");
  // Overlong slash, and a surrogate: neither is UTF-8 (RFC 3629).
  assert.equal(ofBytes(0xc0, 0xaf), "\\xc0\\xaf");
  assert.equal(ofBytes(0xed, 0xa0, 0x80), "\\xed\\xa0\\x80");
});

test("no byte is ever lost to U+FFFD", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      fc.pre(!Buffer.from(bytes).includes("\ufffd"));

      assert.ok(!printable(bytes, 1000).includes("\ufffd"));
    }),
    { numRuns: 500 },
  );
});

test("controls are named: line ends and tabs as such, others by their code", () => {
  assert.equal(printable("a\nb\r\tc\u001b[0m\u0000\u0085"), "a\\nb\\r\\tc\\x1b[0m\\x00\\x85");
  assert.equal(printable("\u202eevil\u{e0041}"), "\\u{202e}evil\\u{e0041}");
});

test("megabytes of rubbish cost no more than their beginning", () => {
  const bytes = Buffer.alloc(64 * 1024 ** 2, 0xff);
  const before = process.cpuUsage();

  const shown = printable(bytes, 40);

  assert.equal(shown, `${"\\xff".repeat(10).slice(0, 39)}…`);
  // CPU time, in µs: the clock would count what others do to the machine.
  assert.ok(process.cpuUsage(before).user < 500_000);
});

test("lines stay lines, each made printable and cut on its own", () => {
  assert.equal(printableLines("a\u001b\r\nbb\u0000\n\ncccccc", 5), "a\\x1b\nbb\\x…\n\ncccc…");
});
