// Slow: tens of MiB are redacted, piece by piece.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRedactor, type Redactor } from "../../../src/bundle/redaction/redactor.ts";

const key = Buffer.alloc(32, 7);
const secret = "correct-horse-battery";

function inPieces(redactor: Redactor, text: string, size: number): string {
  const stream = redactor.stream();
  let out = "";
  for (let at = 0; at < text.length; at += size) out += stream.push(text.slice(at, at + size));
  return out + stream.end();
}

/** Some MiB of log, with a secret here and there. */
function log(lines: number, wrap: (index: number) => string): string {
  return Array.from(
    { length: lines },
    (_, index) => `2026-11-22T03:12:07Z app[17]: request ${index} took ${index % 97} ms${wrap(index)}\n`,
  ).join("");
}

test("a text in pieces is redacted as the whole text is", () => {
  const redactor = createRedactor({ values: [secret], key });
  const text = log(60_000, (index) =>
    index % 701 === 0 ? ` DB_PASSWORD=${secret}${index}` : index % 997 === 0 ? ` ${secret}` : "",
  );
  const whole = redactor.redactText(text);

  fc.assert(
    fc.property(fc.integer({ min: 40_000, max: 3_000_000 }), (size) => {
      assert.ok(inPieces(redactor, text, size) === whole.text);
    }),
    { numRuns: 8 },
  );
});

test("masks in a text in pieces are counted", () => {
  const redactor = createRedactor({ values: [], key });
  const stream = redactor.stream();

  stream.push(log(50_000, (index) => (index % 1000 === 0 ? ` redis://:${secret}@cache` : "")));
  stream.end();

  assert.deepEqual(Object.fromEntries(stream.counts), { userinfo: 50 });
});

describe("a secret on the border of two blocks is seen whole", () => {
  const redactor = createRedactor({ values: [`multi\n${secret}\nline`], key });
  const places: Record<string, string> = {
    "a known value of several lines": `multi\n${secret}\nline`,
    "a private key": `-----BEGIN PRIVATE KEY-----\n${`${secret.replaceAll("-", "+")}\n`.repeat(80)}-----END PRIVATE KEY-----\n`,
    "a name and its value on the next line": `- name: DB_PASSWORD\n  value: ${secret}\n`,
  };
  for (const [what, place] of Object.entries(places))
    test(what, () => {
      // Blocks end about a MiB on, and what is held back is 64 KiB: every alignment near both borders is met.
      for (let before = 1024 ** 2 - 4000; before < 1024 ** 2 + 4000; before += 977) {
        const text =
          `${"x".repeat(79)}\n`.repeat(Math.ceil(before / 80)).slice(-before) +
          place +
          `${"y".repeat(79)}\n`.repeat(3000);

        const out = inPieces(redactor, text, 64 * 1024);

        assert.equal(out.includes(secret) || out.includes(secret.replaceAll("-", "+")), false, `${before}`);
        assert.equal(out.match(/\[hidden:/g)?.length, 1);
      }
    });
});

test("a line of many megabytes keeps its bytes and loses its secrets", () => {
  const redactor = createRedactor({ values: [secret], key });
  const unit = `{"url":"redis://:${secret}@cache","text":"${"z".repeat(50_000)}"},`;

  const out = inPieces(redactor, unit.repeat(500), 256 * 1024);

  assert.equal(out.includes(secret), false);
  assert.equal(out.replace(/\[hidden:[a-z]+:[0-9a-f]{8}\]/g, secret), unit.repeat(500));
});

test("a secret longer than anything that may be held leaves nothing behind", () => {
  const redactor = createRedactor({ values: [], key });

  const out = inPieces(redactor, `Cookie: ${"abcdefgh".repeat(3_000_000)}\nafter\n`, 1024 ** 2);

  assert.equal(out.includes("abcdefgh"), false);
  assert.ok(out.endsWith("\nafter\n"));
});
