// Makes docs/demo.svg from a real run of `exhibit demo` in a terminal of its own (script(1), 100 columns): what a person
// sees, with its colours. Run: npm run picture
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const COLUMNS = 104;
const ESCAPE = "\u001b";
const COLOURS = { 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 36: "#79c0ff", 90: "#8b949e" };

const state = mkdtempSync(join(tmpdir(), "exhibit-picture-"));
const command = `stty cols ${COLUMNS} rows 60; ${process.execPath} ${root}dist/cli.js demo 2>&1`;
const run = spawnSync("script", ["-qec", command, "/dev/null"], {
  encoding: "utf8",
  env: { PATH: process.env.PATH, HOME: state, TERM: "xterm-256color", XDG_STATE_HOME: join(state, "state") },
  maxBuffer: 16 * 1024 ** 2,
});
rmSync(state, { recursive: true, force: true });
if (run.status !== 0) throw new Error(run.stdout + run.stderr);

/** What is left on the screen: a carriage return with "erase line" begins the line anew. */
const lines = run.stdout
  .replaceAll("\r\n", "\n")
  .split("\n")
  .map((line) => line.split(`\r${ESCAPE}[K`).at(-1))
  .map((line) =>
    line.replaceAll(state, "~").replaceAll(`${root}dist/`, "").replaceAll(process.execPath, "node"),
  );

const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** One terminal line as runs of text with a style. */
function runs(line) {
  const found = [];
  let style = {};
  const [first, ...styled] = line.split(ESCAPE);
  if (first !== "") found.push({ text: first });
  for (const part of styled) {
    const [, codes = "", text = ""] = /^\[([0-9;]*)m(.*)$/.exec(part) ?? [];
    for (const code of codes.split(";").map(Number)) {
      if (code === 0 || code === 39) style = code === 0 ? {} : { ...style, colour: undefined };
      else if (code === 1) style = { ...style, bold: true };
      else if (code === 2) style = { ...style, colour: COLOURS[90] };
      else if (code === 22)
        style = { ...style, bold: false, colour: style.colour === COLOURS[90] ? undefined : style.colour };
      else if (COLOURS[code]) style = { ...style, colour: COLOURS[code] };
    }
    if (text !== "") found.push({ text, ...style });
  }
  return found;
}

/** Long lines wrap, as they do in the terminal. */
function wrap(parts) {
  const rows = [[]];
  let column = 0;
  for (const part of parts)
    for (let text = part.text; text !== "";) {
      const room = COLUMNS - column;
      rows.at(-1).push({ ...part, text: text.slice(0, room) });
      column += Math.min(room, text.length);
      text = text.slice(room);
      if (column === COLUMNS && text !== "") {
        rows.push([]);
        column = 0;
      }
    }
  return rows;
}

const rows = lines.flatMap((line) => wrap(runs(line)));
while (rows.at(-1)?.length === 0) rows.pop();
const [width, height] = [COLUMNS * 7.83 + 32, rows.length * 17 + 32];
const text = rows.map((row, index) => {
  const spans = row.map(
    ({ text: words, colour, bold }) =>
      `<tspan${colour ? ` fill="${colour}"` : ""}${bold ? ' font-weight="bold"' : ""}>${escape(words)}</tspan>`,
  );
  return `<text x="16" y="${32 + index * 17}" xml:space="preserve">${spans.join("")}</text>`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" role="img" aria-label="exhibit demo in a terminal: evidence is saved, the service restarted, the note shown">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13" fill="#e6edf3">
${text.join("\n")}
</g>
</svg>
`;
writeFileSync(join(root, "docs/demo.svg"), svg);
