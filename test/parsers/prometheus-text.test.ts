import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseGauge } from "../../src/parsers/prometheus-text.ts";

const PAGE = `# HELP nodejs_eventloop_lag_seconds Lag of event loop in seconds.
# TYPE nodejs_eventloop_lag_seconds gauge
nodejs_eventloop_lag_seconds 0.0031
nodejs_eventloop_lag_p99_seconds 0.9
loop{worker="1",path="a } \\" b"} 0.25 1764075600000
loop{worker="2"} 1.5e-1
broken NaN
`;

test("a gauge is the highest of all its labels; what is not there, or no number, is undefined", () => {
  const found = ["nodejs_eventloop_lag_seconds", "loop", "broken", "nodejs_eventloop"].map((name) =>
    parseGauge(PAGE, name),
  );

  assert.deepEqual(found, [0.0031, 0.25, undefined, undefined]);
});

test("never throws", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (text, name) => parseGauge(text, name) !== null));
});
