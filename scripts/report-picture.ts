// Makes docs/report.png, docs/report-dark.png and docs/report-phone.png: the page of a real `exhibit guard` on a small sick
// Node service, as headless Chromium shows it. Nothing in it is drawn by hand. Run: npm run picture:report
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage, type Page } from "./chromium.ts";
import { toPalettePng } from "./palette-png.ts";
import { openSick } from "./sick-service.ts";

const root = new URL("..", import.meta.url).pathname;
const MOST_BYTES = 300_000;
const PICTURES = [
  { name: "report.png", width: 1180, scheme: "light" },
  { name: "report-dark.png", width: 1180, scheme: "dark" },
  { name: "report-phone.png", width: 390, scheme: "light" },
] as const;
const ROUTES = ["/orders/17", "/orders/18", "/health", "/users/3/basket"];
const ASK_EVERY_MS = 60;
/** All of it but the list of files, which is long and says nothing new. */
const PART = (width: number) => `(() => {
  const files = [...document.querySelectorAll("h2")].find((title) => title.textContent.startsWith("Files"));
  if (!files) return;
  files.parentElement.remove();
  return {x: 0, y: 0, width: ${width}, height: Math.ceil(document.body.getBoundingClientRect().bottom) + 8};
})()`;

if (spawnSync("chromium", ["--version"], { stdio: "ignore" }).error) {
  console.error("a package is missing; as root: apt-get install -y --no-install-recommends chromium");
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "exhibit-report-"));
const sick = openSick(folder);

/** Somebody always wants something of it. */
function keepAsking(): NodeJS.Timeout {
  let next = 0;
  return setInterval(() => {
    const path = ROUTES[next++ % ROUTES.length] ?? "/";
    get({ host: "127.0.0.1", port: sick.port(), path }, (response) => response.resume()).on(
      "error",
      () => undefined,
    );
  }, ASK_EVERY_MS);
}

async function exhibit(words: readonly string[]): Promise<void> {
  const child = spawn("node", [join(root, "dist/cli.js"), ...words], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 0, `exhibit ${words[0]} failed`);
}

async function makePage(pid: number): Promise<string> {
  const settings = join(folder, "exhibit.yaml");
  writeFileSync(
    settings,
    `version: 1
store: {default: {type: directory, path: ${folder}/archive}}
spool: {path: ${folder}/spool, keepFree: 1%}
collectors: {runtime: {options: {inspector: auto}}}
`,
    { mode: 0o600 },
  );
  const config = ["--config", settings];
  const reason = "most of its time goes into garbage collection since the peer died";
  const restart = ["node", "sick-service.js", "restart", "."];
  const words = ["--pid", String(pid), "--budget", "30s", "--no-upload", "-m", reason, ...config];
  await exhibit(["guard", ...words, "--", ...restart]);
  sick.seeRestarted();
  const page = join(folder, "report.html");
  await exhibit(["report", "last", "-o", page, ...config]);
  return page;
}

async function shoot(page: Page, path: string): Promise<void> {
  for (const { name, width, scheme } of PICTURES) {
    await page.showAs({ width, scheme });
    const part = await page.open(`file://${path}`, PART(width));
    writeFileSync(join(root, "docs", name), toPalettePng(await page.shoot(part)));
    const { size } = statSync(join(root, "docs", name));
    assert.ok(size <= MOST_BYTES, `docs/${name} has ${size} bytes, more than ${MOST_BYTES}`);
    console.log(`docs/${name}: ${size} bytes`);
  }
}

let asking: NodeJS.Timeout | undefined;
try {
  const pid = await sick.start();
  asking = keepAsking();
  const path = await makePage(pid);
  clearInterval(asking);
  const page = await openPage({ width: 1180, height: 900 });
  try {
    await shoot(page, path);
  } finally {
    await page.close();
  }
} finally {
  clearInterval(asking);
  sick.stop();
  rmSync(folder, { recursive: true, force: true });
}
