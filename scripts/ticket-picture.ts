// Makes docs/ticket.png: the ticket page of a real Request Tracker after a real `exhibit guard` on a small sick service,
// as headless Chromium shows it. Nothing in it is drawn by hand. Run: npm run build && npm run picture:ticket
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage } from "./chromium.ts";
import { openSick } from "./sick-service.ts";
import { toPalettePng } from "./palette-png.ts";
import { startRt } from "../test/helpers/rt.ts";

const root = new URL("..", import.meta.url).pathname;
const WIDTH = 1000;
const MOST_BYTES = 100_000;
/**
 * The box around the page once it shows the note: the head and the history. What lies between, empty but for the link that the
 * history names too, is folded away as a person would, by a click on its title.
 */
const PART = `(() => {
  const titles = [...document.querySelectorAll(".titlebox-title")];
  const metadata = titles.find((title) => title.textContent.includes("Ticket metadata"));
  const inside = metadata?.nextElementSibling;
  const history = document.querySelector(".history-container");
  if (!inside || !history?.innerText.includes("These are readings")) return;
  if (inside.classList.contains("show")) metadata.querySelector(".toggle").click();
  if (inside.getBoundingClientRect().height > 0) return;
  return {x: 0, y: 0, width: ${WIDTH}, height: Math.ceil(history.getBoundingClientRect().bottom) + 10};
})()`;
/** What it needs that a machine may not have, and the package of each. */
const NEEDED = { chromium: "chromium", "/usr/sbin/rt-setup-database-5": "rt5-standalone rt5-db-sqlite" };

const missing = Object.entries(NEEDED).filter(
  ([command]) => spawnSync(command, ["--version"], { stdio: "ignore" }).error,
);
if (missing.length > 0) {
  console.error(
    `packages are missing; as root: apt-get install -y --no-install-recommends ${missing.map(([, name]) => name).join(" ")}`,
  );
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), "exhibit-ticket-"));
const sick = openSick(folder);
async function guard(pid: number, rt: { readonly url: string; readonly token: string }, ticket: number) {
  writeFileSync(join(folder, "rt-token"), rt.token, { mode: 0o600 });
  const settings = join(folder, "exhibit.yaml");
  writeFileSync(
    settings,
    `version: 1
store: {default: {type: directory, path: ${folder}/archive}}
spool: {path: ${folder}/spool, keepFree: 1%}
incidents: [{match: '^rt:(?<id>\\d+)$', type: rt, url: '${rt.url}', tokenFile: ${folder}/rt-token}]
link: {base: 'https://evidence.example.net/b/{id}'}
`,
    { mode: 0o600 },
  );
  const words = ["--pid", String(pid), "-i", `rt:${ticket}`, "--budget", "20s", "--config", settings];
  const reason = "most of its time goes into garbage collection since the peer died";
  const restart = ["node", "sick-service.js", "restart", "."];
  const child = spawn(
    "node",
    [join(root, "dist/cli.js"), "guard", ...words, "-m", reason, "--", ...restart],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const [code] = await once(child, "exit");
  sick.seeRestarted();
  assert.equal(code, 0, "the guard failed");
}

const rt = await startRt();
try {
  const [ticket] = rt.tickets;
  await guard(await sick.start(), rt, ticket);
  const page = await openPage({ width: WIDTH, height: 800 });
  try {
    // The account that every new Request Tracker has; this one is gone in a moment.
    const address = `${rt.url}/Ticket/Display.html?id=${ticket}&user=root&pass=password`;
    writeFileSync(
      join(root, "docs/ticket.png"),
      toPalettePng(await page.shoot(await page.open(address, PART))),
    );
  } finally {
    await page.close();
  }
} finally {
  await rt.stop();
  sick.stop();
  rmSync(folder, { recursive: true, force: true });
}
const { size } = statSync(join(root, "docs/ticket.png"));
assert.ok(size <= MOST_BYTES, `docs/ticket.png has ${size} bytes, more than ${MOST_BYTES}`);
console.log(`docs/ticket.png: ${size} bytes`);
