// bench/RESULTS.md: one section a benchmark, each with the command that made it. A run replaces its own section.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("RESULTS.md", import.meta.url);
const HEAD =
  "# Results\n\nEach section is written by the command that it names; running it again replaces it.\n";

/** Rows are: what, measured, goal. `keeps`: rows of the section about something else stay. */
export function record(
  name: string,
  conditions: string,
  rows: readonly (readonly [string, string, string])[],
  { keeps = false }: { readonly keeps?: boolean } = {},
): void {
  const kept = keeps ? rowsOf(name).filter(([what]) => rows.every((row) => row[0] !== what)) : [];
  const table = [
    "| what | measured | goal |",
    "| --- | --- | --- |",
    ...[...kept, ...rows].map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
  writeSection(name, `${conditions}.\n\n${table}\n`);
}

/** The rows of a section as it stands. */
function rowsOf(name: string): string[][] {
  const section = readText()
    .split(/^(?=## )/m)
    .find((one) => one.startsWith(`## ${name}\n`));
  const lines = section?.split("\n").filter((line) => line.startsWith("| ")) ?? [];
  return lines.slice(2).map((line) => line.slice(2, -2).split(" | "));
}

function readText(): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The first benchmark ever run here.
    return HEAD;
  }
}

/** `name` is what follows `npm run bench:`, so that a part has a section of its own: `runtime -- --parts gc`. */
export function writeSection(name: string, body: string): void {
  const title = `## ${name}`;
  const section = `${title}\n\n\`npm run bench:${name}\`, ${new Date().toISOString().slice(0, 10)}. ${body}`;
  const text = readText();
  const parts = text.split(/^(?=## )/m).filter((one) => !one.startsWith(`${title}\n`));
  writeFileSync(path, `${[...parts, section].map((part) => part.trimEnd()).join("\n\n")}\n`);
  process.stdout.write(`${section}\n`);
}
