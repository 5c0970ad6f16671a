import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRedactor } from "../../../src/bundle/redaction/redactor.ts";

const key = Buffer.alloc(32, 7);
const SAMPLES = new URL("../../fixtures/redaction/", import.meta.url);
const MASK = /\[hidden:[a-z0-9-]+:[0-9a-f]{8}\]/g;

/** Text made of what the rules look for, so that they meet in every order. */
const soup = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."password|passwd=|token|secret: |--password|api_key|Authorization: |Bearer |Digest |Cookie: |set-cookie|cookie=".split(
          "|",
        ),
        ...'mysql|curl| -p| -u |://|:|@|=|"|\'|`|\\|\\"|\\n|, |;|&|<|>|)|}|{|[|]|-|--|.|/| '.split("|"),
        ..."-----BEGIN PRIVATE KEY-----|-----END PRIVATE KEY-----|value|name|eyJhbGciOi|AKIA|[hidden:kv:00000000]|[hidden:".split(
          "|",
        ),
        "\n",
        "\0",
        "\r\n",
        "\t",
        "hunter2hunter2",
        "\u0001",
      ),
      fc.string({ maxLength: 12 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

test("equal secrets have equal digests in one bundle and others in the next", () => {
  const source = "A_TOKEN=abcdefgh1\nurl=redis://:abcdefgh1@cache\nB_TOKEN=abcdefgh2\n";

  const [a, b, c] = createRedactor({ values: [], key }).redactText(source).text.match(MASK) ?? [];
  const [other] =
    createRedactor({ values: [], key: Buffer.alloc(32, 8) })
      .redactText(source)
      .text.match(MASK) ?? [];

  assert.equal(a?.split(":")[2], b?.split(":")[2]);
  assert.notEqual(a?.split(":")[2], c?.split(":")[2]);
  assert.notEqual(a, other);
});

test("what is hidden is counted by rule", () => {
  const source = "DB_PASSWORD=abcdefgh1 x=1\nredis://:abcdefgh1@cache hunter2hunter2 hunter2hunter2\n";

  const { counts } = createRedactor({ values: ["hunter2hunter2"], key }).redactText(source);

  assert.deepEqual(Object.fromEntries(counts), { kv: 1, userinfo: 1, value: 2 });
});

describe("ordinary evidence stays as it is", () => {
  for (const name of readdirSync(SAMPLES))
    test(`${name} is not touched`, () => {
      const sample = readFileSync(new URL(name, SAMPLES), "latin1");

      const { text, counts } = createRedactor({ values: ["hunter2hunter2"], key }).redactText(sample);

      assert.equal(text, sample);
      assert.deepEqual([...counts], []);
    });
});

test("redacting twice changes nothing", () => {
  const redactor = createRedactor({ values: ["hunter2hunter2"], key });
  fc.assert(
    fc.property(soup, (source) => {
      const once = redactor.redactText(source);

      assert.equal(redactor.redactText(once.text).text, once.text);
    }),
    { numRuns: 3000 },
  );
});

test("a known value never survives", () => {
  const redactor = createRedactor({ values: ["hunter2hunter2"], key });
  fc.assert(
    fc.property(soup, soup, (before, after) => {
      const { text } = redactor.redactText(`${before}hunter2hunter2${after}`);

      assert.ok(!text.includes("hunter2hunter2"));
    }),
    { numRuns: 1000 },
  );
});

test("every byte outside of masks survives", () => {
  const redactor = createRedactor({ values: [], key });
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const source = Buffer.concat([bytes, Buffer.from("\nDB_PASSWORD=abcdefgh1\n"), bytes]);

  const { text } = redactor.redactText(source.toString("latin1"));

  const redacted = Buffer.from(text, "latin1");
  assert.deepEqual(redacted.subarray(0, 256), bytes);
  assert.deepEqual(redacted.subarray(-256), bytes);
  assert.equal(redacted.includes("abcdefgh1"), false);
});

test("a forged mask hides nothing but itself", () => {
  const redactor = createRedactor({ values: [], key });

  const { text } = redactor.redactText(
    "Cookie: [hidden:kv:00000000] sid=abcdefgh1\n[hidden:cookie:00000000] DB_PASSWORD=abcdefgh1\n",
  );

  assert.equal(text.includes("abcdefgh1"), false);
});

describe("a known value is found in the forms that programs write", () => {
  const value = 'S3cr\u00e9t/+"pass word~x';
  const redactor = createRedactor({ values: [value], key });
  const bytes = Buffer.from(value, "latin1");
  const forms: Record<string, string> = {
    plain: value,
    JSON: JSON.stringify(value),
    "JSON in JSON": JSON.stringify(JSON.stringify({ x: value })),
    "percent escapes": [...bytes]
      .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
      .join("")
      .replace(/%([34567].)/g, (all) =>
        /[A-Za-z0-9._~-]/.test(decodeURIComponent(all)) ? decodeURIComponent(all) : all,
      ),
    base64: bytes.toString("base64"),
    "base64 of user and value": Buffer.concat([Buffer.from("svc:"), bytes]).toString("base64"),
    "base64 of a longer user": Buffer.concat([Buffer.from("admin:"), bytes, Buffer.from("!")]).toString(
      "base64",
    ),
    base64url: Buffer.concat([Buffer.from("x"), bytes]).toString("base64url"),
  };
  for (const [form, written] of Object.entries(forms))
    test(`as ${form}`, () => {
      const { text, counts } = redactor.redactText(`at 12:00 opaque(${written}) done`);

      assert.ok((counts.get("value") ?? 0) > 0, text);
      assert.ok(text.length < `at 12:00 opaque(${written}) done`.length + 20);
      assert.equal(text.includes(written.slice(8, 18)), false, text);
    });

  test("in a URL as encodeURIComponent writes it", () => {
    const utf8 = "p\u00e4ss word/42";

    const { text } = createRedactor({ values: [Buffer.from(utf8).toString("latin1")], key }).redactText(
      `?q=${encodeURIComponent(utf8)}&x`,
    );

    assert.match(text, /^\?q=\[hidden:value:[0-9a-f]{8}\]&x$/);
  });

  test("its digest is that of the value, whatever the form", () => {
    const { text } = redactor.redactText(`${value}\n${bytes.toString("base64").replace(/=+$/, "")}\n`);

    const [plain, encoded] = text.match(MASK) ?? [];
    assert.equal(plain, encoded);
  });
});

test("values of fewer than eight characters are left to the rules", () => {
  const { text } = createRedactor({ values: ["abc1234"], key }).redactText("abc1234 DB_PASSWORD=abc1234\n");

  assert.match(text, /^abc1234 DB_PASSWORD=\[hidden:kv:/);
});

test("a line of a secret of several lines is a secret", () => {
  const value = "first-line-of-the-key\nsecond-line-of-the-key";

  const { text } = createRedactor({ values: [value], key }).redactText("app[1]: second-line-of-the-key\n");

  assert.match(text, /^app\[1\]: \[hidden:value:[0-9a-f]{8}\]\n$/);
});
