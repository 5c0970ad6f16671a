// The page of `exhibit show`: from what is known of a bundle to lines that fit the terminal. Only paths, addresses and
// digests may be longer: they are there to be copied.
import prettyBytes from "pretty-bytes";
import type { Outcome } from "../bundle/after-seal.ts";
import type { FileRecord, Manifest, Target } from "../bundle/manifest.ts";
import { encryptedWords, openLines, signedWords } from "../bundle/open-lines.ts";
import { subjectOf } from "../bundle/subject.ts";
import { printable } from "../printable.ts";
import { comparisonText } from "../readings/comparison-text.ts";
import { describeConfirmation } from "../upload/confirmation.ts";
import type { ShowResult } from "./results/bundles.ts";
import { timeline } from "./show-timeline.ts";
import { layColumns, wrapText, type Style } from "./style.ts";

interface Page {
  readonly style: Style;
  readonly columns: number;
  /** Every file with its digest. */
  readonly verbose: boolean;
}

/** Where the values of the head begin. */
const VALUE = 10;
const DONE = { run: "Ran", add: "Added" };

/** `columns` is at least 40. */
export function renderBundle(bundle: ShowResult, page: Page): readonly string[] {
  const { manifest } = bundle;
  return [
    ...head(bundle, page),
    ...readings(manifest, page),
    ...timeline(bundle, page),
    ...gaps(manifest, page),
    ...files(manifest, page),
    ...howToOpen(bundle, page),
    ...openCore(bundle, page),
  ];
}

/** Whole lines, however long: they are there to be copied. */
function openCore({ openCore: commands }: ShowResult, { style }: Page): readonly string[] {
  if (commands.length === 0) return [];
  return ["", style.bold("To open the core"), ...commands.map((command) => `  ${printable(command, 1000)}`)];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function ended({
  exitCode,
  signal,
  durationMs,
  notStarted,
}: Pick<Outcome, "exitCode" | "signal" | "durationMs" | "notStarted">): string {
  if (notStarted !== undefined) return `was not run: ${printable(notStarted)}`;
  const how = signal === undefined ? `exit status ${exitCode ?? "unknown"}` : `ended by ${signal}`;
  return durationMs === undefined ? how : `${how} after ${seconds(durationMs)}`;
}

/** `2026-11-22 03:12:07 to 03:12:19 UTC`; the second date only when it is another. */
function span(startedAt: string, finishedAt: string): string {
  const [from, to] = [startedAt, finishedAt].map((at) => at.slice(0, 19).replace("T", " "));
  const end = from?.slice(0, 10) === to?.slice(0, 10) ? to?.slice(11) : to;
  return `${from} to ${end} UTC`;
}

function describeTarget({ service, command, pid, runtime: { name, version } }: Target): string {
  const what = name === "unknown" ? "" : `, ${name}${version === undefined ? "" : ` ${version}`}`;
  return `${printable(service ?? command)} (pid ${pid}${printable(what)})`;
}

/** Empty where there was no target to stop. */
function pauseOf({ made, pausedMs }: Manifest): string {
  if (made !== undefined) return "";
  if (pausedMs === 0) return "; it was never stopped";
  return `; it was stopped ${pausedMs === undefined ? "for an unknown time" : `${pausedMs} ms`}`;
}

function head(bundle: ShowResult, page: Page): readonly string[] {
  const { manifest, outcome, receipt, path, link, fetch } = bundle;
  const { target, state, stateReason, operator, reason } = manifest;
  const { style, columns } = page;
  const rows: [string, string][] = [];
  const about = target === undefined ? printable(subjectOf(manifest), 400) : describeTarget(target);
  rows.push([
    manifest.made === undefined ? "Target" : DONE[manifest.made],
    `${about} on ${printable(manifest.host.hostname)}`,
  ]);
  if (reason !== undefined)
    rows.push(["Reason", `"${printable(reason, 300)}" (${printable(operator.sudoUser ?? operator.user)})`]);
  if (manifest.incidents.length > 0) rows.push(["Incident", printable(manifest.incidents.join(" "))]);
  rows.push(["Taken", span(manifest.startedAt, manifest.finishedAt) + pauseOf(manifest)]);
  const [ran] = manifest.made === "run" ? manifest.collectors.flatMap(({ commands }) => commands) : [];
  if (ran) rows.push(["Ended", ended(ran)]);
  if (manifest.mitigation) rows.push(["Before", printable(manifest.mitigation.argv.join(" "), 300)]);
  if (outcome) rows.push(["Then", ended(outcome)]);
  for (const upload of receipt?.uploads ?? []) {
    rows.push(["Stored", `${printable(upload.store)}: ${printable(upload.url, 300)}`]);
    const found = describeConfirmation(upload);
    if (found !== undefined) rows.push(["", found]);
  }
  if (receipt === undefined && bundle.url !== undefined)
    rows.push(["Stored", `${printable(bundle.store ?? "")}: ${printable(bundle.url, 300)}`]);
  if (link !== undefined) rows.push(["Link", printable(link, 300)]);
  for (const note of receipt?.notes ?? []) {
    const where = note.where === "" ? (note.reason ?? "") : note.where;
    rows.push(["Noted", `${printable(note.incident)}: ${note.state} ${printable(where, 300)}`]);
  }
  const signed = signedWords(manifest);
  if (signed !== undefined) rows.push(["Signature", printable(signed, 300)]);
  const encrypted = encryptedWords(manifest);
  if (encrypted !== undefined) rows.push(["Encrypted", printable(encrypted)]);
  if (path !== undefined) rows.push(["Here", path]);
  const told = state === "complete" ? style.green(state) : style.yellow(state);
  return [
    `${style.bold(manifest.captureId)}  ${told}`,
    ...(stateReason === undefined ? [] : [printable(stateReason)]),
    ...rows.flatMap(([label, text]) => wrapText(label.padEnd(VALUE) + text, { columns, indent: VALUE })),
    // To be copied, so on one line each.
    ...(fetch === undefined ? [] : [`${"Fetch".padEnd(VALUE)}${printable(fetch, 400)}`]),
    `${"Sha256".padEnd(VALUE)}${bundle.manifestSha256}`,
  ];
}

function readings(manifest: Manifest, { style, columns }: Page): readonly string[] {
  if (manifest.made !== undefined) return [];
  if (manifest.readings.length === 0) return ["", "No reading stands out."];
  const { comparison } = manifest;
  const compared = comparison && printable(comparisonText(comparison), 400);
  return [
    "",
    ...(compared === undefined ? [] : [...wrapText(style.bold(compared), { columns, indent: 2 }), ""]),
    style.bold("What the data says (readings, not a diagnosis)"),
    ...manifest.readings.flatMap(({ text, line, file, next, sureness, speaksFor }, index) => [
      ...wrapText(
        `${`${index + 1}`.padStart(2)}. ${printable(text, 300)}${sureness === "hint" ? " (a hint)" : ""}`,
        { columns, indent: 4 },
      ),
      ...(speaksFor === "restart" ? [`    ${style.yellow("speaks for a restart")}`] : []),
      ...(line === undefined || line.trim() === ""
        ? []
        : [style.dim(`      ${printable(line.trim().replace(/\s+/g, " "), columns - 6)}`)]),
      style.dim(`      from ${printable(file)}`),
      ...(next === undefined ? [] : wrapText(`    ${printable(next, 300)}`, { columns, indent: 4 })),
    ]),
  ];
}

function gaps(manifest: Manifest, { style, columns }: Page): readonly string[] {
  const missing = manifest.collectors.filter(({ status }) => status !== "ok");
  if (missing.length === 0) return [];
  return [
    "",
    style.bold("Not captured, or not all of it"),
    ...missing.flatMap(({ name, status, reason }) =>
      wrapText(` ${printable(name, 40)} (${status}): ${printable(reason ?? "no reason is known", 400)}`, {
        columns,
        indent: 3,
      }),
    ),
  ];
}

/** For what is encrypted: the commands, to be copied. */
function howToOpen({ manifest, openCore: told }: ShowResult, { style }: Page): readonly string[] {
  const encrypted = manifest.files.filter(
    ({ encryption, collector }) => encryption !== undefined && (collector !== "core" || told.length === 0),
  );
  if (encrypted.length === 0) return [];
  return ["", style.bold("To open what is encrypted"), ...openLines(encrypted).map((line) => ` ${line}`)];
}

const size = (bytes: number) => prettyBytes(bytes, { binary: true }).padStart(8);

/** One line for each folder; every file with its digest when somebody wants to know. */
function files(manifest: Manifest, { style, verbose }: Page): readonly string[] {
  const all = manifest.files;
  if (verbose) {
    const rows = all.map((file) => [
      size(file.bytes),
      file.sha256.slice(0, 12),
      `${file.path}${file.sensitivity === "core" ? " (memory)" : ""}${file.unmasked ? " (binary, not masked)" : ""}`,
    ]);
    return ["", style.bold("Files (size, sha256, path)"), ...layColumns(rows).map((line) => ` ${line}`)];
  }
  const groups = new Map<string, FileRecord[]>();
  for (const file of all) {
    const folder = file.path.replace(/[^/]+$/, "") || file.path;
    groups.set(folder, [...(groups.get(folder) ?? []), file]);
  }
  const rows = [...groups].map(([path, group]) => {
    const bytes = group.reduce((sum, file) => sum + file.bytes, 0);
    const memory = group.filter(({ sensitivity }) => sensitivity === "core").map((file) => file.path);
    const names = memory.map((one) => one.slice(path.length)).join(", ");
    const count = path.endsWith("/") ? `${group.length} ${group.length === 1 ? "file" : "files"}` : "";
    return [size(bytes), path, names === "" ? count : `${count}; memory: ${names}`];
  });
  return [
    "",
    style.bold(`Files (${all.length}; with --verbose each and its digest)`),
    ...layColumns(rows).map((line) => ` ${line}`),
  ];
}
