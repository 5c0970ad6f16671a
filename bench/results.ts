// bench/RESULTS.md: one section a benchmark, each with the command that made it. A run replaces its own section.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("RESULTS.md", import.meta.url);
const HEAD =
  "# Results\n\nEach section is written by the command that it names; running it again replaces it.\n";

/** Rows are: what, measured, goal. */
export function record(
  name: string,
  conditions: string,
  rows: readonly (readonly [string, string, string])[],
): void {
  const table = [
    "| what | measured | goal |",
    "| --- | --- | --- |",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
  writeSection(name, `${conditions}.\n\n${table}\n`);
}

export function writeSection(name: string, body: string): void {
  const title = `## ${name}`;
  const section = `${title}\n\n\`npm run bench:${name}\`, ${new Date().toISOString().slice(0, 10)}. ${body}`;
  let text = HEAD;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // The first benchmark ever run here.
  }
  const parts = text.split(/^(?=## )/m).filter((part) => !part.startsWith(`${title}\n`));
  writeFileSync(path, `${[...parts, section].map((part) => part.trimEnd()).join("\n\n")}\n`);
  process.stdout.write(`${section}\n`);
}
