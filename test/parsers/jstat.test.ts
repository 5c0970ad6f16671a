import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJstat } from "../../src/parsers/jstat.ts";

const HEADER =
  "Timestamp         S0     S1     E      O      M     CCS    YGC     YGCT     FGC    FGCT     CGC    CGCT       GCT   ";

test("rows of jstat go by the names of their columns; what is cut is left out", () => {
  const row =
    "           14.4   0.00 100.00  94.44  70.67  71.60  19.77     38     8.908     0     0.000     4     0.074     8.982";

  assert.deepEqual(parseJstat(`${HEADER}\n${row}\n           15.4   0.00`), [
    { atSeconds: 14.4, gcSeconds: 8.982, fullCollections: 0, oldPercent: 70.67, line: row },
  ]);
  assert.deepEqual(parseJstat("14498 not found\n"), []);
});
