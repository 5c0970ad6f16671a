// npm run bench:kill: kill -9 of exhibit at random moments until 200 bundles were begun; all of them must be sealed by the
// next command and verify, and no target may be left stopped or dead.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { killRounds } from "../test/helpers/kill-rounds.ts";
import { record } from "./results.ts";

const { values } = parseArgs({ options: { bundles: { type: "string", default: "200" } } });
const wanted = Number(values.bundles);
const total = { kills: 0, bundles: 0, sealed: 0, verified: 0, leftStopped: 0, targetsDead: 0, strays: 0 };
const states: Record<string, number> = {};
const problems: string[] = [];
while (total.bundles < wanted) {
  const result = await killRounds(Math.min(50, wanted - total.bundles + 5), {
    onRound: (round) => process.stderr.write(`\r${total.bundles} bundles, round ${round + 1} `),
  });
  for (const key of [
    "kills",
    "bundles",
    "sealed",
    "verified",
    "leftStopped",
    "targetsDead",
    "strays",
  ] as const)
    total[key] += result[key];
  for (const [state, count] of Object.entries(result.states)) states[state] = (states[state] ?? 0) + count;
  problems.push(...result.problems);
}
process.stderr.write("\n");
for (const problem of problems) process.stderr.write(`${problem}\n`);
const said = Object.entries(states)
  .map(([state, count]) => `${count} ${state}`)
  .join(", ");
record(
  "kill",
  `${availableParallelism()} cores, Node ${process.version}, profile before-restart on a Node target, SIGKILL at moments spread evenly over a run`,
  [
    ["kills", `${total.kills}, of which ${total.bundles} after a bundle had begun`, ""],
    ["bundles sealed by the next command", `${total.sealed} of ${total.bundles} (${said})`, "all"],
    ["bundles that verify", `${total.verified} of ${total.bundles}`, "all"],
    ["targets left stopped", String(total.leftStopped), "0"],
    ["targets dead", String(total.targetsDead), "0"],
    ["processes of ours left running", String(total.strays), "0"],
  ],
);
process.exit(problems.length === 0 && total.verified === total.bundles && total.leftStopped === 0 ? 0 : 1);
