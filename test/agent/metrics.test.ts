import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMetrics } from "../../src/agent/metrics.ts";

test("numbers are told in the text format of Prometheus; what is unknown is left out", () => {
  const text = formatMetrics([
    {
      name: "a_total",
      help: "Some.",
      type: "counter",
      values: [{ labels: { exit: 'a"b\\c\nd' }, value: 2 }, { value: undefined }],
    },
    { name: "b", help: "None.", type: "gauge", values: [{ value: undefined }] },
  ]);

  assert.equal(text, '# HELP a_total Some.\n# TYPE a_total counter\na_total{exit="a\\"b\\\\c\\nd"} 2\n');
});
