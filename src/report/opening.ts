// How to open what is not readable as it lies.
import type { Manifest } from "../bundle/manifest.ts";
import { openedPath, openLines, verifyLine } from "../bundle/open-lines.ts";
import { formatCommand } from "../bundle/subject.ts";
import { html, type Markup } from "./markup.ts";

/** What each kind of file is for, by its name. */
const VIEWERS: readonly (readonly [RegExp, (path: string) => string])[] = [
  [/\.cpuprofile$/, (path) => `speedscope ${path}`],
  [/\.heapsnapshot$/, (path) => `node --inspect  # Chrome DevTools, Memory, Load: ${path}`],
  [/sockets\/ss\.txt$/, (path) => `column -t ${path} | less -S`],
  [/threads\/prstat\.txt$/, (path) => `less -S ${path}`],
];

export function howToOpen({ captureId, files, target, signing }: Manifest): Markup {
  const executable = formatCommand([target?.executable ?? "EXECUTABLE"]);
  const memory = files.filter((file) => file.sensitivity === "core" && file.collector === "core");
  const lines = [
    `exhibit fetch ${captureId}`,
    `exhibit verify ${captureId}`,
    "sha256sum -c SHA256SUMS",
    ...(signing?.key === undefined ? [] : [verifyLine(signing.identity)]),
    ...openLines(files),
    ...memory.map((file) => `gdb ${executable} ${openedPath(file)}`),
    ...VIEWERS.flatMap(([pattern, line]) =>
      files.filter(({ path }) => pattern.test(path)).map(({ path }) => line(path)),
    ),
  ];
  const signer =
    signing?.key === undefined
      ? undefined
      : html`<p>To be signed as the last step by the key <code>${signing.key}</code>.</p>`;
  return html`<div class="card">
    <h2>How to open it</h2>
    ${lines.map((line) => html`<pre>${line}</pre>`)}${signer}
  </div>`;
}
