// The sections of a record file: one for each bundle, between two comments. Text in, text out.
import { markerId } from "./wording.ts";

export interface Section {
  readonly captureId: string;
  readonly stage: number;
  /** Ends with the marker `<!-- exhibit:ID -->` on a line of its own. */
  readonly content: string;
}

export interface Placed {
  readonly text: string;
  readonly state: "posted" | "updated" | "present";
}

const OPENING = /^<!-- exhibit-note:(\S+) stage=(\d) -->$/;

/** Editors may have turned line ends into CR LF. */
function bare(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function joined(lines: readonly string[]): string {
  return lines.join("\n");
}

/**
 * Puts a section into a record: at its end, or in place of the one for the same bundle unless that tells as much or more.
 * A marker without its opening line (somebody edited the file) counts as there.
 */
export function placeSection(text: string, section: Section): Placed {
  const id = markerId(section.captureId);
  const lines = text.split("\n");
  const body = [
    `<!-- exhibit-note:${id} stage=${section.stage} -->`,
    ...section.content.trimEnd().split("\n"),
  ];
  const end = lines.findIndex((line) => bare(line) === `<!-- exhibit:${id} -->`);
  if (end === -1) return { text: `${text.replace(/\n+$/, "")}\n\n${joined(body)}\n`, state: "posted" };

  const start = lines.findLastIndex((line, index) => index < end && OPENING.test(bare(line)));
  const [, openId, stage] = OPENING.exec(bare(lines[start] ?? "")) ?? [];
  if (openId !== id || Number(stage) > section.stage) return { text, state: "present" };
  if (joined(lines.slice(start, end + 1).map(bare)) === joined(body)) return { text, state: "present" };
  return { text: joined([...lines.slice(0, start), ...body, ...lines.slice(end + 1)]), state: "updated" };
}
