// npm run bench:mitigations: real services, real mitigations, and what `guard --after` says of each.
import { availableParallelism, loadavg } from "node:os";
import { runScenario, SCENARIOS } from "../test/helpers/mitigation-scenarios.ts";
import { record } from "./results.ts";

const rows: (readonly [string, string, string])[] = [];
let wrong = 0;
for (const scenario of SCENARIOS) {
  const { verdict, text } = await runScenario(scenario);
  if (verdict !== scenario.expected) wrong++;
  const row = [scenario.name, text, scenario.expected] as const;
  rows.push(row);
  process.stderr.write(`${row.join(" | ")}\n`);
}
rows.push(["right", `${SCENARIOS.length - wrong} of ${SCENARIOS.length}`, "all"]);
record(
  "mitigations",
  `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
  rows,
);
process.exit(wrong === 0 ? 0 : 1);
