// Settings that are wrong in any way: said with file, line, key and what was expected, before anything is captured. COMMAND
// does not run: whoever typed it is there to correct the file.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openSandbox } from "../helpers/exhibit.ts";

const box = openSandbox();
after(() => box.remove());

const GOOD = readFileSync(box.settings, "utf8");

/** Line 4 and what follows it, with what must be said of it. */
const CASES: readonly (readonly [settings: string, expected: RegExp])[] = [
  ["capture: {budgt: 30s}", /:4:\d+: capture\.budgt: unknown key; did you mean budget\?/],
  ["capture: {budget: soon}", /:4:\d+: capture\.budget: expected a duration such as 90s or 1h30m/],
  ["capture: {budget: 40m}", /:4:\d+: capture\.budget: expected 1s to 30m/],
  ["capture: {budget: 30}", /:4:\d+: capture\.budget: expected a duration/],
  ["capture: [30s]", /:4:\d+: capture: expected keys with values/],
  ["captures: {}", /:4:1: captures: unknown key; did you mean capture\?/],
  ["capture:\n  window: 5s\n  window: 6s", /:6:3: capture\.window: the key is there twice/],
  ["incidents: [{match: '(', type: file}]", /:4:\d+: incidents\.0\.match: expected a regular expression/],
  ["incidents: [{match: x, type: fax}]", /:4:\d+: incidents\.0\.type: expected one of file, webhook/],
  [
    "incidents: [{match: x, type: webhook, url: 'ftp://x', secretFile: s}]",
    /:4:\d+: incidents\.0\.url: expected an http/,
  ],
  [
    "incidents: [{match: x, type: webhook, url: 'http://x'}]",
    /:4:\d+: incidents\.0\.secretFile: missing; expected text/,
  ],
  ["collectors: {mine: {argv: [ls]}}", /:4:\d+: collectors\.mine\.summary: missing; expected text/],
  ["collectors: {mine: {summary: x, argv: ls}}", /:4:\d+: collectors\.mine\.argv: expected a list/],
  [
    "collectors: {Mine!: {summary: x, argv: [ls]}}",
    /:4:\d+: collectors\.Mine!: expected a name of a-z, 0-9 and -/,
  ],
  ["collectors: {core: {options: {metod: gdb}}}", /collectors\.core\.options.*metod/],
  ["profiles: {web: {summary: x, collectors: [corre]}}\ncapture: {profile: web}", /corre/],
  ["capture: {profile: wbe}", /wbe/],
  ["placement: {rack: 7}", /:4:\d+: placement\.rack: expected text/],
  ["link: {base: nowhere}", /:4:\d+: link\.base: expected a valid url/],
  ["capture: {budget: 30s", /:\d+:\d+:/],
  ["capture: !!js/function 'x'", /:4:\d+:/],
  ["__proto__: {a: 1}", /:4:1: __proto__: expected another key/],
  ["a: \u0000\u001b[31m", /:\d+:\d+:/],
];

test("wrong settings end capture with 2 and guard with 125, and say where they are wrong and what was expected", () => {
  const marker = join(box.folder, "ran");
  const commands = [
    { words: ["capture", "--pid", String(process.pid)], ends: 2 },
    { words: ["guard", "--pid", String(process.pid), "--", "touch", marker], ends: 125 },
  ];
  // They read settings by the same function: each case goes to one of them.
  for (const [index, [settings, expected]] of CASES.entries()) {
    const { words = [], ends } = commands[index % commands.length] ?? {};
    writeFileSync(box.settings, `${GOOD}${settings}\n`);

    const { status, stderr } = box.run(words);

    assert.equal(status, ends, `${settings}: ${stderr}`);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /this is a bug|\n {4}at |[\u0080-\u009f]|\p{Cf}/u);
  }
  assert.ok(!existsSync(box.spool), "nothing was captured");
  assert.ok(!existsSync(marker), "COMMAND did not run");
});

test("a settings file that is not there, not readable text, or anybody's to write is refused by its name", () => {
  const cases = [
    [
      () => writeFileSync(box.settings, Buffer.from([0xff, 0xfe, 0x00])),
      /exhibit\.yaml: expected UTF-8 text/,
    ],
    [() => writeFileSync(box.settings, "x".repeat(1024 ** 2 + 1)), /exhibit\.yaml: expected at most 1 MB/],
    [() => writeFileSync(box.settings, "[".repeat(5000)), /exhibit\.yaml: expected fewer levels/],
  ] as const;
  for (const [spoil, expected] of cases) {
    spoil();
    const { status, stderr } = box.run(["capture", "--pid", String(process.pid)]);
    assert.deepEqual([status, expected.test(stderr)], [2, true], stderr);
  }
  writeFileSync(box.settings, GOOD, { mode: 0o600 });

  const { status, stderr } = box.run(["capture", "--pid", String(process.pid)], {
    env: { EXHIBIT_CAPTURE_BUDGET: "soon" },
  });

  assert.equal(status, 2);
  assert.match(stderr, /EXHIBIT_CAPTURE_BUDGET: capture\.budget: expected a duration/);
});
