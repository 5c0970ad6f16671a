import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { meanIdle, parseMpstat } from "../../src/parsers/mpstat.ts";
import { CODE_POINT } from "../helpers/code-point.ts";

const HEADER = "CPU minf mjf xcal  intr ithr  csw icsw migr smtx  srw syscl  usr sys  wt idl\n";
const row = (cpu: number, idle: number) =>
  `  ${cpu}    1   0    0   233  104   55    0    7    0    0   156   ${100 - idle}   0   0 ${idle}\n`;

test("blocks are told apart by their headers, and the average since boot is no sample", () => {
  const text = HEADER + row(0, 99) + row(1, 97) + HEADER + row(0, 10) + row(1, 30);

  const blocks = parseMpstat(text);

  assert.deepEqual(
    blocks.map((block) => [...block]),
    [
      [
        [0, 99],
        [1, 97],
      ],
      [
        [0, 10],
        [1, 30],
      ],
    ],
  );
  assert.equal(meanIdle(blocks), 20);
});

test("the average since boot alone gives no idle share", () => {
  assert.equal(meanIdle(parseMpstat(HEADER + row(0, 99))), undefined);
});

test("a row cut in its middle is left out", () => {
  const blocks = parseMpstat(`${HEADER}${row(0, 9)}  1    1   0    0   2`);

  assert.deepEqual([...(blocks[0] ?? [])], [[0, 9]]);
});

test("any text is read without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: CODE_POINT }), (text) => {
      meanIdle(parseMpstat(`CPU idl\n${text}\nCPU idl\n${text}`));
    }),
  );
});
