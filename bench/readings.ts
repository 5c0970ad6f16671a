// npm run bench:readings: sick and healthy processes, captured as a person would, and what the bundle says of each first. As
// root: cgroups, mounts.
//   --only TEXT    cases whose name holds it; RESULTS.md stays as it is
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { ReadingRecord } from "../src/bundle/manifest.ts";
import { answerOf, unseenCollectors, type Answer } from "../src/readings/answer.ts";
import { openSandbox } from "../test/helpers/exhibit.ts";
import { openScene } from "../test/helpers/fault-process.ts";
import { FAULTS, HEALTHY, type Case } from "./readings/cases.ts";
import { writeSection } from "./results.ts";

const { values } = parseArgs({ options: { only: { type: "string" } } });
/** A note has room for five readings, and an IRC line for one. */
const FIRST = 3;

interface Outcome {
  readonly readings: readonly ReadingRecord[];
  readonly isNamed: boolean;
  readonly answer: Answer;
}

async function run(one: Case): Promise<Outcome> {
  const scene = openScene();
  const box = openSandbox(one.settings);
  try {
    const pid = await one.start(scene);
    const { stderr } = await box.runBeside([
      "capture",
      "--pid",
      String(pid),
      "--profile",
      "quick",
      "--no-note",
      "--no-upload",
    ]);
    const { readings, collectors } = box.manifest();
    if (readings.length === 0 && one.expect.length > 0) process.stderr.write(stderr);
    const told = readings.slice(0, FIRST).map(({ id }) => id);
    const isNamed = one.expect.length === 0 || one.expect.some((id) => told.includes(id));
    return { readings, isNamed, answer: answerOf(readings, unseenCollectors(collectors)) };
  } finally {
    await scene.end();
    box.remove();
  }
}

/** Where nothing speaks for a restart, something of the host may speak against it. */
function isRight({ answer }: Case, given: Answer): boolean {
  return answer === given || (answer === "nothing" && given === "elsewhere");
}

const rows: string[] = [];
const counts = { faults: 0, named: 0, answered: 0, healthy: 0, wronglyRestarted: 0 };
for (const one of [...FAULTS, ...HEALTHY].filter(({ name }) => name.includes(values.only ?? ""))) {
  const { readings, isNamed, answer } = await run(one);
  const isSick = one.expect.length > 0;
  if (isSick) {
    counts.faults++;
    counts.named += Number(isNamed);
    counts.answered += Number(isRight(one, answer));
  } else {
    counts.healthy++;
    counts.wronglyRestarted += Number(answer === "restart");
  }
  const told = readings.slice(0, FIRST).map(({ id }) => id);
  const cells = [
    one.name,
    one.expect.join(" or ") || "healthy",
    told.join(", ") || "none",
    isSick ? (isNamed ? "yes" : "**no**") : "-",
    isRight(one, answer) ? answer : `${answer} (**${one.answer}** expected)`,
  ];
  rows.push(`| ${cells.join(" | ")} |`);
  process.stderr.write(`${rows.at(-1)}\n`);
  for (const { text } of readings) process.stderr.write(`    ${text}\n`);
}

const body = `${cpus().length} CPUs, Node ${process.version}, profile quick, window 5 s, one capture each.

| process | expected | first readings | named | what speaks for a restart? |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

| what | measured | goal |
| --- | --- | --- |
| faults named among the first ${FIRST} readings | ${counts.named} of ${counts.faults} | >= 90 % |
| faults told rightly whether a restart ends them | ${counts.answered} of ${counts.faults} | |
| healthy processes told that a restart helps | ${counts.wronglyRestarted} of ${counts.healthy} | 0 |
`;
if (values.only === undefined) writeSection("readings", body);
else process.stdout.write(body);
